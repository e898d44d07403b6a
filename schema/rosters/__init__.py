"""The part of the graph about rosters of schools and camps."""
