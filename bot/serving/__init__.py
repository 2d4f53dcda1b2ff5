"""The champion answers: load, embed, forecast, explain."""
