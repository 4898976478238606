"""What the paper says about memory and accuracy, held against predictions and scores."""
