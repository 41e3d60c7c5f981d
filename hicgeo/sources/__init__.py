"""What comes in: readers of incidents, neighbourhoods, counts and what is at risk, and the sample city."""
