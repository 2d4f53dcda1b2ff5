"""The JSON API: typed handlers, and the OpenAPI document that is made from them."""
