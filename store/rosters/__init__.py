"""Tables and queries about rosters of schools and camps."""
