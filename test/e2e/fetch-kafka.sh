#!/bin/sh
# Fetches what the tests with a real broker need, by Maven: a stock Apache Kafka
# broker, Kafka's Java client and Spring Boot; and compiles the tests' own clients.
# Prints the folder that holds it all. Does nothing when that is there already.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${SEGUE_KAFKA_CACHE:-$here/../../.cache/kafka}

for tool in java javac mvn; do
	if ! command -v "$tool" >/dev/null; then
		echo "$tool is missing: install a JDK, 17 or newer, and Maven (Debian: apt-get install openjdk-17-jdk-headless maven)" >&2
		exit 1
	fi
done

# The folder is named after what it was made from, so a changed version is fetched anew.
version=$(cat "$here"/kafka/*/pom.xml "$here"/java/*.java "$here"/spring/*.java "$here/fetch-kafka.sh" | sha256sum | cut -c 1-12)
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
if [ ! -d "$cache/$version" ]; then
	work=$(mktemp -d "$cache/fetching.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	for part in broker tools spring; do
		mvn -B -q -ntp -f "$here/kafka/$part/pom.xml" dependency:copy-dependencies \
			-DoutputDirectory="$work/$part" -DincludeScope=runtime >&2
	done
	javac -Xlint:all,-path -Werror -cp "$work/tools/*" -d "$work/classes" "$here"/java/*.java
	javac -Xlint:all,-path,-classfile -Werror -cp "$work/spring/*" -d "$work/spring-classes" "$here"/spring/*.java
	chmod 755 "$work"
	# Somebody else may have finished first; theirs is the same.
	mv -T "$work" "$cache/$version" 2>/dev/null || [ -d "$cache/$version" ]
fi
echo "$cache/$version"
