// SPDX-License-Identifier: GPL-2.0-only
/*
 * try_to_unmap().
 *
 * When it succeeds, nobody maps the folio, every secondary MMU was notified,
 * and the folio knows whether it was written to. When it refuses, nothing has
 * changed. The last case does this to random pages, between writes, forks and
 * pins.
 *
 * The cases compare snapshots of the page tables of all mms, and the kernel's
 * counts with the page tables.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/swap.h>

#include "../internal.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/gup.h"
#include "lib/mappings.h"
#include "lib/notified.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/random.h"
#include "lib/rmap.h"
#include "lib/snapshot.h"
#include "lib/swap.h"
#include "lib/thp.h"

#define RW (PROT_READ | PROT_WRITE)

/* Base pages. */

static void unmap_takes_file_page_from_every_vma(struct kunit *test)
{
	struct mm_struct *a, *b;
	struct mm_kunit_target t;

	mm_kunit_map_file_thrice(test, &a, &b);
	t = mm_kunit_target_at(test, a, mm_kunit_addr(2));
	KUNIT_EXPECT_TRUE(test, mm_kunit_unmap(&t, 0));
	mm_kunit_expect_unmapped(&t);
	KUNIT_EXPECT_EQ(test, (int)mm_kunit_entry_at(a, mm_kunit_addr(2)).kind,
			(int)MM_KUNIT_NONE);
	mm_kunit_expect_pages(test, a, 4);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(a, mm_kunit_addr(2)),
			    folio_page(t.folio, 0));
	mm_kunit_put_target(&t);
}

static void unmap_starts_before_and_ends_after_the_change(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_shmem_mm(test, 1);
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	mm_kunit_unmap(&t, 0);
	mm_kunit_expect_notified_in_order(test, mm, folio_pfn(t.folio));
	mm_kunit_put_target(&t);
}

/* Writeback looks at the folio's dirty bit, not at those of PTEs. */
static void unmap_moves_dirty_bit_to_file_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_shmem_mm(test, 2);
	struct file *file = mm_kunit_vma(mm, MM_KUNIT_BASE)->vm_file;
	struct mm_struct *reader = mm_kunit_map_new(test, file, MM_KUNIT_BASE,
						    2 * PAGE_SIZE, RW,
						    MAP_SHARED, 0);
	struct mm_kunit_target t;

	mm_kunit_expect_pages(test, reader, 2);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	folio_clear_dirty(t.folio);
	KUNIT_EXPECT_TRUE(test, mm_kunit_unmap(&t, 0));
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(t.folio));
	mm_kunit_put_target(&t);
}

static void unmap_refuses_mlocked_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_shmem_mm(test, 2);
	struct mm_kunit_target t;

	/* The VMA is locked, but its pages are not mlocked yet. */
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, MM_KUNIT_BASE), VM_LOCKED, 0);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_FALSE(test, mm_kunit_unmap(&t, 0));
	mm_kunit_expect_unchanged(test, t.before);
	mm_kunit_expect_notified(test, t.before);
	mm_kunit_expect_mapped(&t, 1);
	KUNIT_EXPECT_TRUE(test, folio_test_mlocked(t.folio));

	t.before = mm_kunit_take_snapshot(test);
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_unmap(&t, TTU_IGNORE_MLOCK | TTU_SYNC));
	mm_kunit_expect_unmapped(&t);
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, MM_KUNIT_BASE), 0, VM_LOCKED);
	mm_kunit_put_target(&t);
}

/* Make an mm with two pages that are discarded instead of swapped out. */
static struct mm_struct *unmap_lazyfree_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);

	lru_add_drain_all();
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, MM_KUNIT_BASE, 2 * PAGE_SIZE,
					 MADV_FREE),
			0L);
	lru_add_drain_all();
	KUNIT_ASSERT_FALSE(test, folio_test_swapbacked(page_folio(page)));
	return mm;
}

static void unmap_discards_lazyfree_page(struct kunit *test)
{
	struct mm_struct *mm = unmap_lazyfree_mm(test);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	KUNIT_EXPECT_TRUE(test, mm_kunit_unmap(&t, 0));
	mm_kunit_expect_unmapped(&t);
	mm_kunit_put_target(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, MM_KUNIT_BASE), 0ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE), 0ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(1)),
			mm_kunit_content(1));
}

static void unmap_keeps_lazyfree_page_written_since(struct kunit *test)
{
	struct mm_kunit_target t;
	struct mm_struct *mm;

	if (IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "copy_to_user() of UML leaves PTEs clean");
	mm = unmap_lazyfree_mm(test);
	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(9));
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_FALSE(test, mm_kunit_unmap(&t, 0));
	mm_kunit_expect_unchanged(test, t.before);
	mm_kunit_expect_notified(test, t.before);
	mm_kunit_expect_mapped(&t, 1);
	KUNIT_EXPECT_TRUE(test, folio_test_swapbacked(t.folio));
	mm_kunit_put_target(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, MM_KUNIT_BASE),
			mm_kunit_content(9));
}

/* Whoever holds the reference, get_user_pages() say, may still read the page. */
static void unmap_keeps_lazyfree_page_with_a_reference(struct kunit *test)
{
	struct mm_struct *mm = unmap_lazyfree_mm(test);
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	folio_get(t.folio);
	KUNIT_EXPECT_FALSE(test, mm_kunit_unmap(&t, 0));
	folio_put(t.folio);
	mm_kunit_expect_mapped(&t, 1);
	mm_kunit_expect_unchanged(test, t.before);
	mm_kunit_put_target(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, MM_KUNIT_BASE),
			mm_kunit_content(0));
}

/* Each mm gets a swap entry, and what the page held when it reads it back. */
static void unmap_swaps_anon_page_out_of_every_fork(struct kunit *test)
{
	struct mm_kunit_target t;
	struct mm_struct *mm[5];
	int i, ret;

	mm_kunit_swapon(test);
	mm[0] = mm_kunit_anon_mm(test, 2);
	for (i = 1; i < ARRAY_SIZE(mm); i++)
		mm[i] = mm_kunit_fork(test, mm[i / 2]);
	t = mm_kunit_target_at(test, mm[0], MM_KUNIT_BASE);
	folio_lock(t.folio);
	ret = mm_kunit_add_to_swap(t.folio);
	folio_unlock(t.folio);
	KUNIT_ASSERT_EQ(test, ret, 0);
	t.unmapped_refs++; /* the swap cache has one */
	KUNIT_EXPECT_TRUE(test, mm_kunit_unmap(&t, 0));
	mm_kunit_expect_unmapped(&t);
	for (i = 0; i < ARRAY_SIZE(mm); i++) {
		struct mm_kunit_entry entry =
			mm_kunit_entry_at(mm[i], MM_KUNIT_BASE);

		KUNIT_EXPECT_EQ_MSG(test, (int)entry.kind, (int)MM_KUNIT_SWAP,
				    "mm %d", i);
	}
	mm_kunit_put_target(&t);
	for (i = 0; i < ARRAY_SIZE(mm); i++) {
		mm_kunit_write(test, mm[i], mm_kunit_addr(1), i);
		mm_kunit_expect_pages(test, mm[i], 1);
		mm_kunit_write(test, mm[i], MM_KUNIT_BASE, i);
	}
	mm_kunit_swapoff(test);
}

/* No mm may read the hwpoisoned page, and each gets an error if it tries. */
static void unmap_hwpoisons_anon_page_everywhere(struct kunit *test)
{
	struct mm_kunit_target t;
	struct mm_struct *mm[5];
	u64 value;
	int i;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "no page can be hwpoisoned");
	mm[0] = mm_kunit_anon_mm(test, 2);
	for (i = 1; i < ARRAY_SIZE(mm); i++)
		mm[i] = mm_kunit_fork(test, mm[0]);
	t = mm_kunit_target_at(test, mm[0], MM_KUNIT_BASE);
	SetPageHWPoison(folio_page(t.folio, 0));
	KUNIT_EXPECT_TRUE(test, mm_kunit_unmap(&t, TTU_HWPOISON));
	mm_kunit_expect_unmapped(&t);
	for (i = 0; i < ARRAY_SIZE(mm); i++) {
		struct mm_kunit_entry entry =
			mm_kunit_entry_at(mm[i], MM_KUNIT_BASE);

		KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_HWPOISON);
		KUNIT_EXPECT_EQ(test, entry.pfn, folio_pfn(t.folio));
		KUNIT_EXPECT_EQ(test,
				mm_kunit_load(mm[i], MM_KUNIT_BASE, &value),
				-EFAULT);
		KUNIT_EXPECT_EQ(test,
				mm_kunit_load(mm[i], mm_kunit_addr(1), &value),
				0);
	}
	ClearPageHWPoison(folio_page(t.folio, 0));
	mm_kunit_put_target(&t);
}

/*
 * b81679b1633a ("mm: memory-failure: update ttu flag inside
 * unmap_poisoned_folio"): memory that goes offline unmapped its poisoned pages
 * without saying that they are poisoned.
 */
static void unmap_of_poisoned_folio_leaves_hwpoison_entries(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct mm_kunit_target t;
	struct page *page;
	u64 value;
	int ret;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "no page can be hwpoisoned");
	mm = mm_kunit_anon_mm(test, 2);
	child = mm_kunit_fork(test, mm);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	page = folio_page(t.folio, 0);
	SetPageHWPoison(page);
	folio_lock(t.folio);
	ret = mm_kunit_unmap_poisoned(t.folio, page_to_pfn(page));
	folio_unlock(t.folio);
	KUNIT_EXPECT_EQ(test, ret, 0);
	mm_kunit_expect_unmapped(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).hwpoison, 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_load(mm, MM_KUNIT_BASE, &value),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, mm_kunit_load(child, MM_KUNIT_BASE, &value),
			-EFAULT);
	ClearPageHWPoison(page);
	mm_kunit_put_target(&t);
}

/* Huge pages. */

static void unmap_takes_file_thp_from_every_mm(struct kunit *test)
{
	struct mm_kunit_target t;
	struct mm_struct *mm[2];
	struct page *page;

	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	t = mm_kunit_target_at(test, mm[0], MM_KUNIT_BASE);
	KUNIT_EXPECT_TRUE(test, mm_kunit_unmap(&t, TTU_SPLIT_HUGE_PMD));
	mm_kunit_expect_unmapped(&t);
	mm_kunit_expect_pages(test, mm[0], 4);
	mm_kunit_expect_pages(test, mm[1], 4);
	page = mm_kunit_page_at(mm[0], MM_KUNIT_BASE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	KUNIT_EXPECT_PTR_EQ(test, page_folio(page), t.folio);
	mm_kunit_put_target(&t);
}

static void unmap_takes_file_thp_mapped_by_ptes(struct kunit *test)
{
	struct mm_struct *mm[2], *tail;
	struct mm_kunit_target t;

	mm_kunit_map_file_thp(test, mm, PMD_SIZE / 2);
	tail = mm_kunit_map_file_thp_tail(test, mm[0], 24);
	t = mm_kunit_target_at(test, mm[0], MM_KUNIT_BASE);
	KUNIT_ASSERT_GE(test, mm_kunit_target_mappings(&t).ptes, 28);
	KUNIT_EXPECT_TRUE(test, mm_kunit_unmap(&t, TTU_SPLIT_HUGE_PMD));
	mm_kunit_expect_unmapped(&t);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(tail, mm_kunit_addr(700)),
			    (struct page *)NULL);
	mm_kunit_expect_pages(test, mm[0], 28);
	mm_kunit_expect_pages(test, mm[1], 28);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, tail, mm_kunit_addr(723)),
			mm_kunit_content(27));
	mm_kunit_put_target(&t);
}

/*
 * Nobody maps the first page, and only an mlocked VMA maps the rest. Callers
 * must not take the folio for unmapped because its first page is.
 */
static void unmap_refuses_mlocked_tail_of_thp(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_thp_mm(test, 3);
	unsigned long addr = mm_kunit_addr(1);
	struct mm_kunit_target t;

	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(mm, MM_KUNIT_BASE, PAGE_SIZE),
			0L);
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, addr), VM_LOCKED, 0);
	t = mm_kunit_target_at(test, mm, addr);
	KUNIT_EXPECT_FALSE_MSG(test, mm_kunit_unmap(&t, 0),
			       "try_to_unmap() says that nobody maps it");
	mm_kunit_expect_unchanged(test, t.before);
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, addr), 0, VM_LOCKED);
	mm_kunit_put_target(&t);
}

/* Random sequences. */

#define RANDOM_ANON 8
#define RANDOM_PAGES (RANDOM_ANON + 4)

/**
 * struct random_pages - a random sequence over a few pages
 * @seq: the sequence
 * @file: what the mms map behind their anonymous pages
 * @value: what each page of each mm must hold; file pages hold the same in all
 * @pin: pages that a device has pinned through each mm
 */
struct random_pages {
	struct mm_kunit_sequence seq;
	struct file *file;
	u64 value[MM_KUNIT_RANDOM_MMS][RANDOM_PAGES];
	struct page *pin[MM_KUNIT_RANDOM_MMS][RANDOM_PAGES];
};

#define to_random_pages(s) container_of(s, struct random_pages, seq)

static bool random_is_anon(struct mm_kunit_step *step)
{
	return step->from < RANDOM_ANON;
}

static bool random_write(struct mm_kunit_sequence *seq,
			 struct mm_kunit_step *step)
{
	u64 value = prandom_u32_state(&seq->rnd) | 1;
	int mm;

	if (mm_kunit_store(seq->mms[step->mm], mm_kunit_addr(step->from),
			   value))
		return false;
	for (mm = 0; mm < MM_KUNIT_RANDOM_MMS; mm++)
		if (mm == step->mm || !random_is_anon(step))
			to_random_pages(seq)->value[mm][step->from] = value;
	return true;
}

static bool random_read(struct mm_kunit_sequence *seq,
			struct mm_kunit_step *step)
{
	u64 value;

	return !mm_kunit_load(seq->mms[step->mm], mm_kunit_addr(step->from),
			      &value) &&
	       value == to_random_pages(seq)->value[step->mm][step->from];
}

static void random_unpin_all(struct mm_kunit_sequence *seq, int mm)
{
	struct page **pin = to_random_pages(seq)->pin[mm];
	int i;

	for (i = 0; i < RANDOM_PAGES; i++)
		if (pin[i])
			mm_kunit_unpin(seq->test, pin[i]);
	memset(pin, 0, RANDOM_PAGES * sizeof(*pin));
}

static bool random_exit(struct mm_kunit_sequence *seq,
			struct mm_kunit_step *step)
{
	mm_kunit_sequence_exit_mm(seq, step->mm);
	return true;
}

static bool random_fork(struct mm_kunit_sequence *seq,
			struct mm_kunit_step *step)
{
	u64 (*value)[RANDOM_PAGES] = to_random_pages(seq)->value;

	if (seq->mms[step->slot])
		mm_kunit_sequence_exit_mm(seq, step->slot);
	seq->mms[step->slot] = mm_kunit_fork(seq->test, seq->mms[step->mm]);
	memcpy(value[step->slot], value[step->mm], sizeof(*value));
	return true;
}

static int random_pins_of(struct mm_kunit_sequence *seq, struct page *page)
{
	struct page *(*pin)[RANDOM_PAGES] = to_random_pages(seq)->pin;
	int mm, i, pins = 0;

	for (mm = 0; mm < MM_KUNIT_RANDOM_MMS; mm++)
		for (i = 0; i < RANDOM_PAGES; i++)
			pins += pin[mm][i] && pin[mm][i] == page;
	return pins;
}

static bool random_pin_or_unpin(struct mm_kunit_sequence *seq,
				struct mm_kunit_step *step)
{
	struct page **pin = &to_random_pages(seq)->pin[step->mm][step->from];
	struct mm_kunit *fx = seq->test->priv;
	int i, unused = 0;

	for (i = 0; i < MM_KUNIT_MAX_PINS; i++)
		unused += !fx->pins[i];
	if (*pin) {
		mm_kunit_unpin(seq->test, *pin);
		*pin = NULL;
	} else if (random_is_anon(step) && unused) {
		*pin = mm_kunit_pin(seq->test, seq->mms[step->mm],
				    mm_kunit_addr(step->from), FOLL_WRITE);
	}
	return true;
}

static bool random_dontneed(struct mm_kunit_sequence *seq,
			    struct mm_kunit_step *step)
{
	struct page **pin = &to_random_pages(seq)->pin[step->mm][step->from];

	if (mm_kunit_madvise(seq->mms[step->mm], mm_kunit_addr(step->from),
			     PAGE_SIZE, MADV_DONTNEED))
		return false;
	if (random_is_anon(step))
		to_random_pages(seq)->value[step->mm][step->from] = 0;
	if (*pin)
		mm_kunit_unpin(seq->test, *pin);
	*pin = NULL;
	return true;
}

/* Lock the folio of a step. Returns NULL if there is nothing to unmap. */
static struct folio *random_lock_folio(struct mm_kunit_sequence *seq,
				       struct mm_kunit_step *step)
{
	struct page *page = mm_kunit_page_at(seq->mms[step->mm],
					     mm_kunit_addr(step->from));
	struct folio *folio;

	if (!page || is_zero_pfn(page_to_pfn(page)))
		return NULL;
	folio = page_folio(page);
	folio_get(folio);
	folio_lock(folio);
	return folio;
}

static struct mm_kunit_mappings random_mappings(struct mm_kunit_sequence *seq,
						struct folio *folio)
{
	return mm_kunit_count_mappings(seq->test->priv, folio_page(folio, 0),
				       1);
}

/* A pinned page may stay mapped, but its mappings must not change. */
static bool random_migrate(struct mm_kunit_sequence *seq,
			   struct mm_kunit_step *step)
{
	struct folio *folio = random_lock_folio(seq, step);
	struct mm_kunit_mappings before, between;
	bool pinned;

	if (!folio)
		return true;
	pinned = random_pins_of(seq, folio_page(folio, 0));
	before = random_mappings(seq, folio);
	try_to_migrate(folio, 0);
	between = random_mappings(seq, folio);
	remove_migration_ptes(folio, folio, 0);
	folio_unlock(folio);
	folio_put(folio);
	return pinned ||
	       (!between.ptes && between.migration == before.ptes);
}

static bool random_unmap(struct mm_kunit_sequence *seq,
			 struct mm_kunit_step *step)
{
	struct folio *folio;
	bool unmapped;

	if (random_is_anon(step))
		return true;
	folio = random_lock_folio(seq, step);
	if (!folio)
		return true;
	unmapped = mm_kunit_try_to_unmap(folio, 0) &&
		   !random_mappings(seq, folio).ptes;
	folio_unlock(folio);
	folio_put(folio);
	return unmapped;
}

static const struct mm_kunit_op random_ops[] = {
	{ "write", 30, random_write },
	{ "read", 15, random_read },
	{ "fork", 12, random_fork },
	{ "exit", 3, random_exit },
	{ "pin or unpin", 12, random_pin_or_unpin },
	{ "dontneed", 6, random_dontneed },
	{ "migrate", 16, random_migrate },
	{ "unmap", 6, random_unmap },
};

/* A new mm maps the file too. Another slot knows what the file's pages hold. */
static struct mm_struct *random_start(struct mm_kunit_sequence *seq, int slot)
{
	struct mm_struct *mm = mm_kunit_new_mm(seq->test);
	u64 (*value)[RANDOM_PAGES] = to_random_pages(seq)->value;
	int i, other = slot ? 0 : 1;

	mm_kunit_mmap_anon(seq->test, mm, MM_KUNIT_BASE,
			   RANDOM_ANON * PAGE_SIZE);
	mm_kunit_mmap(seq->test, mm, to_random_pages(seq)->file,
		      mm_kunit_addr(RANDOM_ANON),
		      (RANDOM_PAGES - RANDOM_ANON) * PAGE_SIZE, RW, MAP_SHARED,
		      0);
	for (i = 0; i < RANDOM_PAGES; i++)
		value[slot][i] = i < RANDOM_ANON ? 0 : value[other][i];
	return mm;
}

/* Check a page's counts, and that only an exclusive page is writable. */
static bool random_check_counts(struct mm_kunit_sequence *seq,
				struct page *page, char *msg, size_t size)
{
	struct folio *folio = page_folio(page);
	struct mm_kunit_mappings mappings = random_mappings(seq, folio);
	bool anon = folio_test_anon(folio);
	int refs = mappings.ptes + !anon +
		   random_pins_of(seq, page) * (int)GUP_PIN_COUNTING_BIAS;

	if (folio_mapcount(folio) != mappings.ptes)
		return mm_kunit_mismatch(msg, size,
					 "a page in %d PTEs has mapcount %d",
					 mappings.ptes, folio_mapcount(folio));
	if (folio_ref_count(folio) != refs)
		return mm_kunit_mismatch(msg, size,
					 "a page has %d references, not %d",
					 folio_ref_count(folio), refs);
	if (anon && mappings.writable && mappings.ptes > 1)
		return mm_kunit_mismatch(msg, size,
					 "one of %d PTEs is writable",
					 mappings.ptes);
	if (anon && PageAnonExclusive(page) && mappings.ptes > 1)
		return mm_kunit_mismatch(msg, size,
					 "a page in %d PTEs is exclusive",
					 mappings.ptes);
	return true;
}

static bool random_check_page(struct mm_kunit_sequence *seq, int mm, int i,
			      char *msg, size_t size)
{
	struct page *page = mm_kunit_page_at(seq->mms[mm], mm_kunit_addr(i));
	struct page *pin = to_random_pages(seq)->pin[mm][i];
	u64 want = to_random_pages(seq)->value[mm][i];
	u64 value;

	if (pin && page != pin)
		return mm_kunit_mismatch(msg, size,
					 "mm %d lost pinned page %d", mm, i);
	if (!page)
		return !want || i >= RANDOM_ANON ||
		       mm_kunit_mismatch(msg, size, "mm %d lost page %d", mm,
					 i);
	value = *(u64 *)page_address(page);
	if (value != want)
		return mm_kunit_mismatch(msg, size,
					 "mm %d has %llx in page %d, not %llx",
					 mm, value, i, want);
	return is_zero_pfn(page_to_pfn(page)) ||
	       random_check_counts(seq, page, msg, size);
}

static bool random_check(struct mm_kunit_sequence *seq, char *msg, size_t size)
{
	int mm, i;

	lru_add_drain_all();
	for (mm = 0; mm < MM_KUNIT_RANDOM_MMS; mm++)
		for (i = 0; seq->mms[mm] && i < RANDOM_PAGES; i++)
			if (!random_check_page(seq, mm, i, msg, size))
				return false;
	return true;
}

static void random_sequences_keep_pages_and_counts(struct kunit *test)
{
	static const struct mm_kunit_random pages = {
		.ops = random_ops,
		.nr_ops = ARRAY_SIZE(random_ops),
		.places = RANDOM_PAGES,
		.steps = 150,
		.start = random_start,
		.exit = random_unpin_all,
		.check = random_check,
	};
	u64 seed;

	if (!IS_ENABLED(CONFIG_MIGRATION))
		kunit_skip(test, "page migration is compiled out");
	for (seed = 1; seed <= MM_KUNIT_MAX_FILES; seed++) {
		struct random_pages *s;

		s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
		s->file = mm_kunit_shmem_file(test,
					      (RANDOM_PAGES - RANDOM_ANON) *
						      PAGE_SIZE);
		mm_kunit_run_sequence(test, &s->seq, &pages, seed);
	}
}

/* What most others rest on comes first. */
static struct kunit_case rmap_unmap_cases[] = {
	KUNIT_CASE(unmap_takes_file_page_from_every_vma),
	KUNIT_CASE(unmap_starts_before_and_ends_after_the_change),
	KUNIT_CASE(unmap_moves_dirty_bit_to_file_page),
	KUNIT_CASE(unmap_refuses_mlocked_page),
	KUNIT_CASE(unmap_discards_lazyfree_page),
	KUNIT_CASE(unmap_keeps_lazyfree_page_written_since),
	KUNIT_CASE(unmap_keeps_lazyfree_page_with_a_reference),
	KUNIT_CASE(unmap_swaps_anon_page_out_of_every_fork),
	KUNIT_CASE(unmap_hwpoisons_anon_page_everywhere),
	KUNIT_CASE(unmap_of_poisoned_folio_leaves_hwpoison_entries),
	KUNIT_CASE(unmap_takes_file_thp_from_every_mm),
	KUNIT_CASE(unmap_takes_file_thp_mapped_by_ptes),
	KUNIT_CASE(unmap_refuses_mlocked_tail_of_thp),
	KUNIT_CASE(random_sequences_keep_pages_and_counts),
	{}
};

static struct kunit_suite rmap_unmap_suite = {
	.name = "rmap_unmap",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = rmap_unmap_cases,
};

kunit_test_suite(rmap_unmap_suite);

MODULE_DESCRIPTION("KUnit tests for try_to_unmap()");
MODULE_LICENSE("GPL");
