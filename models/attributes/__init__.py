"""What a person can read off a picture: its look, its faces, its genre. Served without Keras."""
