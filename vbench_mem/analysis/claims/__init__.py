"""What the paper says about memory and accuracy, compared with predictions and scores."""
