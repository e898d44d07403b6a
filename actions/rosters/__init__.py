"""Actions about rosters of schools and camps."""
