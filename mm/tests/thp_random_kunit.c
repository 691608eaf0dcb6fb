// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences over an anonymous huge page that several mms share. After
 * each step every count must match the page tables, every mm must read what it
 * last wrote, and every mapping must be reached by the anon_vma of its page.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/swap.h>

#include "lib/cow.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/folio_counts.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/random.h"
#include "lib/snapshot.h"
#include "lib/swap.h"
#include "lib/thp.h"

/* Where mremap() moves the pages to. */
#define ELSEWHERE (MM_KUNIT_BASE + 8 * PMD_SIZE)

#define RANDOM_PLACES 16
#define RANDOM_SEEDS 3
#define RANDOM_FOLIOS 32

/**
 * struct thp_random_folio - a large folio that a step has found mapped
 * @folio: the folio, or NULL
 * @most_mms: the most mms that have mapped it since it was first found
 * @step: the last step that has found it
 */
struct thp_random_folio {
	struct folio *folio;
	int most_mms;
	int step;
};

/**
 * struct thp_sequence - a random sequence over the pages of one huge page
 * @seq: the sequence
 * @counts: what maps the folio that is checked
 * @value: what each mm last wrote to each place
 * @moved: whether mremap() has moved an mm's pages elsewhere
 * @step: how many steps there have been
 * @folios: the large folios that were found
 */
struct thp_sequence {
	struct mm_kunit_sequence seq;
	struct mm_kunit_folio_counts counts;
	u64 value[MM_KUNIT_RANDOM_MMS][RANDOM_PLACES];
	bool moved[MM_KUNIT_RANDOM_MMS];
	int step;
	struct thp_random_folio folios[RANDOM_FOLIOS];
};

#define to_thp_sequence(s) container_of(s, struct thp_sequence, seq)

/* The page of a place: both ends of the huge page, and its middle. */
static int thp_random_index(int place)
{
	if (place < 6)
		return place;
	if (place < 10)
		return MM_KUNIT_HUGE_NR / 2 - 8 + place;
	return MM_KUNIT_HUGE_NR - RANDOM_PLACES + place;
}

static unsigned long thp_random_base(struct mm_kunit_sequence *seq, int mm)
{
	return to_thp_sequence(seq)->moved[mm] ? ELSEWHERE : MM_KUNIT_BASE;
}

static unsigned long thp_random_addr(struct mm_kunit_sequence *seq, int mm,
				     int place)
{
	return thp_random_base(seq, mm) + thp_random_index(place) * PAGE_SIZE;
}

static struct mm_struct *thp_random_start(struct mm_kunit_sequence *seq,
					  int slot)
{
	struct mm_struct *mm = mm_kunit_new_mm(seq->test);
	struct thp_sequence *s = to_thp_sequence(seq);

	mm_kunit_mmap_anon(seq->test, mm, MM_KUNIT_BASE, PMD_SIZE);
	mm_kunit_madvise(mm, MM_KUNIT_BASE, PMD_SIZE, MADV_HUGEPAGE);
	memset(s->value[slot], 0, sizeof(s->value[slot]));
	s->moved[slot] = false;
	return mm;
}

static bool thp_step_write(struct mm_kunit_sequence *seq,
			   struct mm_kunit_step *step)
{
	u64 *value = &to_thp_sequence(seq)->value[step->mm][step->from];

	*value = prandom_u32_state(&seq->rnd) | 1;
	return !mm_kunit_store(seq->mms[step->mm],
			       thp_random_addr(seq, step->mm, step->from),
			       *value);
}

static bool thp_step_read(struct mm_kunit_sequence *seq,
			  struct mm_kunit_step *step)
{
	u64 value;

	return !mm_kunit_load(seq->mms[step->mm],
			      thp_random_addr(seq, step->mm, step->from),
			      &value) &&
	       value == to_thp_sequence(seq)->value[step->mm][step->from];
}

static bool thp_step_fork(struct mm_kunit_sequence *seq,
			  struct mm_kunit_step *step)
{
	struct thp_sequence *s = to_thp_sequence(seq);

	if (seq->mms[step->slot])
		mm_kunit_sequence_exit_mm(seq, step->slot);
	seq->mms[step->slot] = mm_kunit_fork(seq->test, seq->mms[step->mm]);
	memcpy(s->value[step->slot], s->value[step->mm], sizeof(s->value[0]));
	s->moved[step->slot] = s->moved[step->mm];
	return true;
}

static bool thp_step_exit(struct mm_kunit_sequence *seq,
			  struct mm_kunit_step *step)
{
	mm_kunit_sequence_exit_mm(seq, step->mm);
	return true;
}

static bool thp_step_split_pmd(struct mm_kunit_sequence *seq,
			       struct mm_kunit_step *step)
{
	struct mm_struct *mm = seq->mms[step->mm];
	unsigned long addr = thp_random_addr(seq, step->mm, step->from);

	return !mm_kunit_mprotect(mm, addr, PAGE_SIZE, PROT_READ) &&
	       !mm_kunit_mprotect(mm, addr, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static struct page *thp_random_page(struct mm_kunit_sequence *seq, int mm,
				    int place)
{
	struct page *page =
		mm_kunit_page_at(seq->mms[mm], thp_random_addr(seq, mm, place));

	return page && PageAnon(page) ? page : NULL;
}

/* The kernel may refuse. Either way all mappings stay, and all counts match. */
static bool thp_step_split(struct mm_kunit_sequence *seq,
			   struct mm_kunit_step *step)
{
	struct page *page = thp_random_page(seq, step->mm, step->from);

	if (page && folio_test_large(page_folio(page)))
		mm_kunit_split_folio(page);
	return true;
}

static bool thp_step_zap(struct mm_kunit_sequence *seq,
			 struct mm_kunit_step *step)
{
	unsigned long addr = thp_random_addr(seq, step->mm, step->from);
	unsigned long end =
		thp_random_addr(seq, step->mm, step->to) + PAGE_SIZE;
	int place;

	for (place = step->from; place <= step->to; place++)
		to_thp_sequence(seq)->value[step->mm][place] = 0;
	return !mm_kunit_madvise(seq->mms[step->mm], addr, end - addr,
				 MADV_DONTNEED);
}

static bool thp_step_move(struct mm_kunit_sequence *seq,
			  struct mm_kunit_step *step)
{
	unsigned long from = thp_random_base(seq, step->mm);
	unsigned long to;

	to_thp_sequence(seq)->moved[step->mm] ^= true;
	to = thp_random_base(seq, step->mm);
	return mm_kunit_mremap(seq->mms[step->mm], from, PMD_SIZE, to) ==
	       (long)to;
}

/* It swaps out pages that one mm alone maps, and none without a swap device. */
static bool thp_step_swap_out(struct mm_kunit_sequence *seq,
			      struct mm_kunit_step *step)
{
	unsigned long addr = thp_random_addr(seq, step->mm, step->from);
	unsigned long end =
		thp_random_addr(seq, step->mm, step->to) + PAGE_SIZE;

	lru_add_drain_all();
	return !mm_kunit_madvise(seq->mms[step->mm], addr, end - addr,
				 MADV_PAGEOUT);
}

static const struct mm_kunit_op thp_random_ops[] = {
	{ "write", 34, thp_step_write },
	{ "read", 10, thp_step_read },
	{ "swap out", 6, thp_step_swap_out },
	{ "fork", 16, thp_step_fork },
	{ "exit", 5, thp_step_exit },
	{ "split pmd", 6, thp_step_split_pmd },
	{ "split", 4, thp_step_split },
	{ "zap", 10, thp_step_zap },
	{ "move", 9, thp_step_move },
};

static bool check_thp_place(struct mm_kunit_sequence *seq, int mm, int place,
			    char *msg, size_t size)
{
	unsigned long addr = thp_random_addr(seq, mm, place);
	struct page *page = mm_kunit_page_at(seq->mms[mm], addr);
	u64 value = to_thp_sequence(seq)->value[mm][place];

	if (!page && value &&
	    mm_kunit_entry_at(seq->mms[mm], addr).kind != MM_KUNIT_SWAP)
		return mm_kunit_mismatch(msg, size, "mm %d lost place %d", mm,
					 place);
	if (!page)
		return true;
	if (*(u64 *)page_address(page) != value)
		return mm_kunit_mismatch(msg, size,
					 "mm %d has %llx at place %d, not %llx",
					 mm, *(u64 *)page_address(page), place,
					 value);
	if (PageAnon(page) && !mm_kunit_anon_vma_reaches(seq->mms[mm], addr))
		return mm_kunit_mismatch(msg, size,
					 "mm %d at place %d is not reached by the anon_vma of the page",
					 mm, place);
	return true;
}

/* A page that is mapped more than once must not be writable. */
static bool check_not_writable(struct mm_kunit_folio_counts *c, char *msg,
			       size_t size)
{
	int i;

	for (i = 0; i < c->nr; i++)
		if (c->each[i].writable &&
		    c->each[i].ptes + c->each[i].pmds > 1)
			return mm_kunit_mismatch(msg, size,
						 "page %d is writable and mapped %d times",
						 i,
						 c->each[i].ptes + c->each[i].pmds);
	return true;
}

/*
 * Every step finds every large folio that is mapped. So one that the last step
 * has not found is free, and its memory may be that of another folio by now.
 * Return: what is known of @folio, an entry that was unused, or NULL.
 */
static struct thp_random_folio *thp_random_find(struct thp_sequence *s,
						struct folio *folio)
{
	struct thp_random_folio *unused = NULL;
	int i;

	for (i = 0; i < RANDOM_FOLIOS; i++) {
		struct thp_random_folio *found = &s->folios[i];

		if (found->step < s->step - 1)
			found->folio = NULL;
		if (found->folio == folio)
			return found;
		if (!found->folio)
			unused = found;
	}
	if (unused)
		*unused = (struct thp_random_folio){ .folio = folio };
	return unused;
}

static bool check_thp_folio(struct mm_kunit_sequence *seq, struct folio *folio,
			    char *msg, size_t size)
{
	struct thp_sequence *s = to_thp_sequence(seq);
	struct mm_kunit_folio_counts *c = &s->counts;
	struct thp_random_folio *found = NULL;

	c->folio = folio;
	c->nr = folio_nr_pages(folio);
	c->most_mms = 0;
	if (folio_test_large(folio)) {
		found = thp_random_find(s, folio);
		if (!found)
			return mm_kunit_mismatch(msg, size,
						 "more than %d large folios",
						 RANDOM_FOLIOS);
		c->most_mms = found->most_mms;
	}
	mm_kunit_count_folio(seq->test->priv, c);
	if (found) {
		found->most_mms = c->most_mms;
		found->step = s->step;
	}
	return mm_kunit_check_folio_counts(c, msg, size) &&
	       check_not_writable(c, msg, size);
}

/* Check every place of an mm, its large folios, and one base page. */
static bool check_thp_mm(struct mm_kunit_sequence *seq, int mm, int base_place,
			 char *msg, size_t size)
{
	struct folio *folio, *checked = NULL;
	struct page *page;
	int place;

	for (place = 0; place < RANDOM_PLACES; place++) {
		if (!check_thp_place(seq, mm, place, msg, size))
			return false;
		page = thp_random_page(seq, mm, place);
		if (!page)
			continue;
		folio = page_folio(page);
		if (folio == checked ||
		    (!folio_test_large(folio) && place != base_place))
			continue;
		checked = folio;
		if (!check_thp_folio(seq, folio, msg, size))
			return false;
	}
	return true;
}

static bool check_thp_sequence(struct mm_kunit_sequence *seq, char *msg,
			       size_t size)
{
	int base_place = (seq->rnd.s1 & 0xff) % RANDOM_PLACES;
	int mm;

	to_thp_sequence(seq)->step++;
	for (mm = 0; mm < MM_KUNIT_RANDOM_MMS; mm++)
		if (seq->mms[mm] &&
		    !check_thp_mm(seq, mm, base_place, msg, size))
			return false;
	return true;
}

static void random_sequences_keep_the_counts(struct kunit *test)
{
	static const struct mm_kunit_random random = {
		.ops = thp_random_ops,
		.nr_ops = ARRAY_SIZE(thp_random_ops),
		.places = RANDOM_PLACES,
		.steps = 150,
		.start = thp_random_start,
		.check = check_thp_sequence,
	};
	u64 seed;

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		kunit_skip(test, "transparent huge pages are compiled out");
	for (seed = 1; seed <= RANDOM_SEEDS; seed++) {
		struct thp_sequence *s;

		s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
		mm_kunit_run_sequence(test, &s->seq, &random, seed);
	}
}

static void random_sequences_with_swap_keep_the_counts(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		kunit_skip(test, "transparent huge pages are compiled out");
	mm_kunit_swapon(test);
	random_sequences_keep_the_counts(test);
	mm_kunit_swapoff(test);
}

/* What other cases rest on comes first, so that a crash points at its cause. */
static struct kunit_case thp_random_cases[] = {
	KUNIT_CASE(random_sequences_keep_the_counts),
	KUNIT_CASE(random_sequences_with_swap_keep_the_counts),
	{}
};

static struct kunit_suite thp_random_suite = {
	.name = "thp_random",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = thp_random_cases,
};

kunit_test_suite(thp_random_suite);

MODULE_DESCRIPTION("KUnit tests for mapcounts of folios in random sequences");
MODULE_LICENSE("GPL");
