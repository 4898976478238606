"""Training encoders and scoring what they retrieve. Reads no matrix, never writes a record."""
