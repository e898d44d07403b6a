"""Words and rules about rosters of schools and camps."""
