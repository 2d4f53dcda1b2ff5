"""From a message to a post, and from a prediction to a reply."""
