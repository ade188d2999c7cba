# usual.awk: makes a C table of usual.txt.
/^#/ { next }
{
	cost = $1
	sub(/^[0-9]+ /, "")
	printf "{ %d, \"%s\" },\n", cost, $0
}
