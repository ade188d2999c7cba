# Rules for ss-moderate --rules: one jq expression a line, each gets what the
# one before has made of the event. They may set toxic, blocked and reason;
# what gives no output is dropped.

# a user whose messages nobody needs
select(.user != "spammer")
# links wait for a moderator
if .message | test("https?://"; "i") then .blocked = true | .reason = "link" else . end
# shouting is rude, but no more than that
if (.message | test("^[^a-z]*[A-Z]{8}[^a-z]*$")) then .reason = "shouting" else . end
# in a room for grown-ups swearing alone is fine
if .room == "adults" and .score < 0.9 then .toxic = false else . end
