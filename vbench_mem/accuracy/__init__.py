"""Training encoders and scoring what they retrieve. Reads no matrix and writes no record."""
