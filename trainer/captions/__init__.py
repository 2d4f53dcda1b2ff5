"""Makes the caption models: tokenizer, language model, emotions; and the tables about them."""
