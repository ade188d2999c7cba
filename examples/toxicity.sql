-- Messages and toxic ones, hour by hour (UTC), in :room, or in all of them
-- where that is empty.
SELECT substr(ts, 1, 13) || ':00Z' AS hour, count(*) AS messages,
	sum(toxic = 1) AS toxic,
	round(100.0 * sum(toxic = 1) / count(*), 1) AS percent
FROM chat
WHERE ts IS NOT NULL AND (:room = '' OR room = :room)
GROUP BY hour
ORDER BY hour;
