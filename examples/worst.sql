-- The :n worst messages.
SELECT score, ts, room, user, message
FROM chat
WHERE toxic = 1
ORDER BY score DESC, seq
LIMIT CAST(:n AS INTEGER);
