#!/bin/sh
# www.sh DIR FILE...: the files of a program's pages, packed for its binary.
# Compressed ones go to DIR; what it prints is C for cmd/PROG/pages.c: the bytes
# by .incbin, and the table www_files[] of lib/www.h. Run in the project's top
# folder, as the compiler is.
set -eu
LC_ALL=C
export LC_ALL

dir=$1
shift
mkdir -p "$dir"
names=' '
rows=
n=0

echo '/* made by lib/www.sh */'
for file; do
	name=${file##*/}
	# what the server's rules for names would refuse can't be asked for
	case $name in
	.* | *[!A-Za-z0-9._-]*)
		echo "www.sh: $file: a name of A-Z a-z 0-9 . _ -" >&2
		exit 1
		;;
	esac
	case $names in
	*" $name "*)
		echo "www.sh: $file: two of that name" >&2
		exit 1
		;;
	esac
	names="$names$name "
	gzip -9n <"$file" >"$dir/$name.gz"
	size=$(($(wc -c <"$file")))
	packed=$(($(wc -c <"$dir/$name.gz")))
	tag=$(sha256sum <"$file" | cut -c 1-16)
	cat <<END
__asm__(".pushsection .rodata\n"
	"	.hidden www_plain_$n\n"
	"	.globl www_plain_$n\n"
	"www_plain_$n:\n"
	"	.incbin \"$file\"\n"
	"	.hidden www_gz_$n\n"
	"	.globl www_gz_$n\n"
	"www_gz_$n:\n"
	"	.incbin \"$dir/$name.gz\"\n"
	"	.popsection\n");
extern const char www_plain_${n}[], www_gz_${n}[];
END
	[ "$packed" -lt "$size" ] || packed=0 # no use
	rows="$rows	{ \"$name\", \"$tag\", www_plain_$n, $size, www_gz_$n, $packed },
"
	n=$((n + 1))
done
printf 'static const struct www_file www_files[] = {\n%s};\n' "$rows"
