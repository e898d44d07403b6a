"""Files that people take away: CSV of figures and rosters, the review as PDF, hearings as a calendar."""
