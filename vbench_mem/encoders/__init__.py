"""Video-text dual encoders: what they are (`spec`, `table`, `recipes`) and the modules themselves.

Importing this package, `spec`, `sizes`, `tokens`, `table` or `recipes` never imports torch.
"""
