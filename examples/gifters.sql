-- Who gave most; the first :n. A streak's gifts count by the difference. sum()
-- of integers is exact but ends beyond 2^63; decimal_sum(), which sqlite3(1)
-- has, does not. One sender can't make the list fail for all.
SELECT sender, decimal_sum(charge) AS total, decimal_sum(times) AS gifts
FROM charges
GROUP BY sender
ORDER BY total(charge) DESC, sender
LIMIT CAST(:n AS INTEGER);
