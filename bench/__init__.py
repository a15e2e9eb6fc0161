"""What the performance page says, as programs: firedoor beside the floor, in one run on one machine, as ratios."""
