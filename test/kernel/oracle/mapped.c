/* mapped.c - what is mapped, in memory, and counted: /proc/self and mincore(2) */
#include "oracle.h"

struct row rows[MOST_PAGES];
size_t row_count;
static char text[1 << 22];

/* A whole file of /proc, read by one who may not allocate. */
const char *slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t length = 0;
	ssize_t n;

	while (fd >= 0 && length < sizeof(text) - 1 && (n = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)n;
	close(fd);
	text[length] = '\0';
	return text;
}

/* The mapping that a line of maps or smaps begins, if it lies in the range. */
static bool row_of(const char *line, struct row *row)
{
	unsigned long long start, end, offset;
	char perms[5], name[64] = "";

	if (sscanf(line, "%llx-%llx %4s %llx %*s %*s %63[^\n]", &start, &end, perms, &offset, name) < 4)
		return false;
	if (start < BASE || start >= BASE + pages * PAGE)
		return false;
	row->first = (start - BASE) / PAGE;
	row->end = (end - BASE) / PAGE;
	row->kind = strstr(name, "/memfd:") || strstr(name, "/var/tmp/") ? 'f' : perms[3] == 's' ? 's' : 'a';
	row->offset = row->kind == 'a' ? 0 : offset / PAGE;
	memcpy(row->perms, perms, sizeof(perms));
	return true;
}

static bool continues(const struct row *before, const struct row *row)
{
	return before->end == row->first && strcmp(before->perms, row->perms) == 0 && before->kind == row->kind &&
	       (row->kind == 'a' || before->offset + (before->end - before->first) == row->offset);
}

void read_rows(bool join)
{
	const char *line = slurp("/proc/self/maps");
	struct row row;

	row_count = 0;
	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (!row_of(line, &row))
			continue;
		if (join && row_count && continues(&rows[row_count - 1], &row))
			rows[row_count - 1].end = row.end;
		else
			rows[row_count++] = row;
	}
}

/* By the page table: what has been swapped out is in the swap cache for a while, and resident for mincore(2). */
static bool are_mapped(uint64_t first, uint64_t count, unsigned char *resident)
{
	static uint64_t entries[MOST_PAGES];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t size = count * sizeof(*entries);
	bool known = pread(fd, entries, size, (off_t)((BASE / PAGE + first) * sizeof(*entries))) == (ssize_t)size;

	close(fd);
	for (uint64_t n = 0; n < count; n++)
		resident[n] = entries[n] >> 63;
	return known;
}

static void say_residency(void)
{
	static unsigned char resident[MOST_PAGES];
	static char picture[MOST_PAGES + 1];

	memset(picture, '.', pages);
	for (size_t i = 0; i < row_count; i++) {
		uint64_t first = rows[i].first, count = rows[i].end - first;
		bool known = may_swap ? are_mapped(first, count, resident)
				      : mincore(at(first * PAGE), count * PAGE, resident) == 0;

		for (uint64_t n = 0; n < count; n++)
			picture[first + n] = known ? (char)('0' + (resident[n] & 1)) : '?';
	}
	say("core ");
	for (uint64_t n = 0; n < pages; n++)
		say("%c", picture[n]);
	say("\n");
}

void report(const char *options)
{
	read_rows(strchr(options, 'm') != NULL);
	say("maps %zu", row_count);
	for (size_t i = 0; i < row_count; i++) {
		say(" %llu-%llu:%s:%c", (unsigned long long)rows[i].first, (unsigned long long)rows[i].end,
		    rows[i].perms, rows[i].kind);
		if (rows[i].kind != 'a')
			say("%llu", (unsigned long long)rows[i].offset);
	}
	say("\n");
	if (strchr(options, 'c'))
		say_residency();
}

/* "VmFlags: rd wr mr" as rd,wr,mr; soft-dirty tells of the past and not of the mapping. */
static void say_flags(const char *line)
{
	bool first = true;

	for (const char *word = line + strlen("VmFlags:"); *word && *word != '\n'; word++) {
		if (*word == ' ' || word[-1] != ' ' || strncmp(word, "sd", 2) == 0)
			continue;
		say("%s%.2s", first ? "" : ",", word);
		first = false;
	}
}

void report_flags(void)
{
	const char *line = slurp("/proc/self/smaps");
	struct row row;
	bool ours = false;

	say("flags");
	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (strncmp(line, "VmFlags:", 8) == 0 && ours) {
			say(" %llu-%llu:", (unsigned long long)row.first, (unsigned long long)row.end);
			say_flags(line);
			ours = false;
		} else if (row_of(line, &row)) {
			ours = true;
		}
	}
	say("\n");
}

/* What pages come to: of private anonymous memory, since nobody knows which pages of a file a fault maps beside its own;
   without Referenced, which tells of the kernel's lists of pages, too. Where pages may be out, those first that do not depend on
   which page is in the swap cache still, and so clean. */
static const char *const smaps_fields[] = {
	"Rss:",       "Anonymous:",    "Swap:",         "Locked:",        "Pss:",
	"Pss_Dirty:", "Shared_Clean:", "Shared_Dirty:", "Private_Clean:", "Private_Dirty:",
};

enum { SMAPS_FIELDS = sizeof(smaps_fields) / sizeof(smaps_fields[0]), SMAPS_FIELDS_WITH_SWAP = 4 };

/* The fields of one mapping, in the order above, which is not the file's. */
static void say_fields(const uint64_t value[SMAPS_FIELDS])
{
	for (size_t i = 0; i < (may_swap ? SMAPS_FIELDS_WITH_SWAP : SMAPS_FIELDS); i++)
		say("%s%llu", i ? "," : "", (unsigned long long)value[i]);
}

void report_smaps(void)
{
	const char *line = slurp("/proc/self/smaps");
	uint64_t value[SMAPS_FIELDS] = { 0 };
	struct row row;
	bool ours = false;

	say("smaps");
	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		for (size_t i = 0; ours && i < SMAPS_FIELDS; i++)
			if (strncmp(line, smaps_fields[i], strlen(smaps_fields[i])) == 0)
				value[i] = strtoull(line + strlen(smaps_fields[i]), NULL, 10);
		if (ours && strncmp(line, "VmFlags:", 8) == 0) {
			say_fields(value);
			ours = false;
		} else if (row_of(line, &row) && row.kind == 'a' && row.perms[3] == 'p') {
			say(" %llu-%llu:", (unsigned long long)row.first, (unsigned long long)row.end);
			ours = true;
		}
	}
	say("\n");
}
