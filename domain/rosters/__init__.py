"""Types and rules for rosters of schools and camps."""
