"""One module per operation: what it takes to accept it, and how it is carried out."""
