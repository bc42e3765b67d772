"""Pages for the people of a player-protection team: plain HTML, rendered here, that works without JavaScript."""
