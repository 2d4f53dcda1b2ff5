"""What happened on a server, told there every day or week."""
