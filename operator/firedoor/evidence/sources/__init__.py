"""Where evidence comes from: each source writes what it gets into the bag, and says of everything else why it is not there."""
