-- What the product sets on each connection, set for its role, since PgBouncer does not pass it on.
-- psql -v role=apuni -f roles.sql, once, as an administrator. A new connection has the new values.
ALTER ROLE :"role" SET idle_in_transaction_session_timeout = '10000';
ALTER ROLE :"role" SET lock_timeout = '2000';
ALTER ROLE :"role" SET statement_timeout = '5000';
ALTER ROLE :"role" SET synchronous_commit = 'on';
ALTER ROLE :"role" SET tcp_user_timeout = '5000';
ALTER ROLE :"role" SET timezone = 'UTC';
