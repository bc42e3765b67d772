"""One customer as the console shows them, and the two records of that: who looked at whom, and who exported what."""
