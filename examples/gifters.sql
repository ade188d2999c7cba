-- Who gave most; the first :n. sum() of integers is exact but ends beyond
-- 2^63; decimal_sum(), which sqlite3(1) has, does not. One sender can't make
-- the list fail for all.
SELECT sender, decimal_sum(amount) AS total, count(*) AS gifts
FROM gifts
GROUP BY sender
ORDER BY total(amount) DESC, sender
LIMIT CAST(:n AS INTEGER);
