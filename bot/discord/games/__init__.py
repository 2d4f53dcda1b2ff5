"""What people play beside low, medium and high: duels, and the score as a number."""
