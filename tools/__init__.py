"""Programs for whoever works on firedoor; none of them is part of what runs in a cluster."""
