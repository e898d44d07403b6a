"""The sandbox of dbt_finance: its server, written from the contract."""
