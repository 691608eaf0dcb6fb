// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the checks that the mm suites use.
 *
 * Each case plants a wrong entry or count into a real mm, runs a check, takes
 * the plant out again, and only then looks at what the check said. Nothing here
 * asserts while something is wrong, and every mm is as it was when it exits.
 */
#include <kunit/test.h>
#include <linux/leafops.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/page-flags.h>
#include <linux/string.h>
#include <linux/swapops.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/notified.h"
#include "lib/notifier.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/snapshot.h"
#include "lib/soft_dirty.h"
#include "lib/swap.h"

#define RW (PROT_READ | PROT_WRITE)

/**
 * struct lib_result - what a check returned
 * @ok: whether all matched
 * @msg: or else what did not
 */
struct lib_result {
	bool ok;
	char msg[MM_KUNIT_MSG_SIZE];
};

/* The check fails, with a message that contains @words. */
#define EXPECT_MISMATCH(test, result, words)                               \
	do {                                                               \
		struct kunit *test_ = (test);                              \
		struct lib_result *result_ = &(result);                    \
									   \
		KUNIT_EXPECT_FALSE(test_, result_->ok);                    \
		KUNIT_EXPECT_TRUE_MSG(test_, strstr(result_->msg, words),  \
				      "the message is: %s", result_->msg); \
	} while (0)

static struct lib_result lib_check_unchanged(struct kunit *test,
					     struct mm_kunit_snapshot *before)
{
	struct lib_result result = {};

	result.ok = mm_kunit_check_unchanged(test->priv, before, result.msg,
					     sizeof(result.msg));
	return result;
}

static struct lib_result
lib_check_unchanged_but(struct kunit *test, struct mm_kunit_snapshot *before,
			struct page *page)
{
	struct lib_result result = {};

	result.ok = mm_kunit_check_unchanged_but(test->priv, before, page, 1,
						 result.msg,
						 sizeof(result.msg));
	return result;
}

static struct lib_result lib_check_notified(struct kunit *test,
					    struct mm_kunit_snapshot *before)
{
	struct lib_result result = {};

	result.ok = mm_kunit_check_notified(test->priv, before, result.msg,
					    sizeof(result.msg));
	return result;
}

static struct lib_result lib_check_hugetlb(struct kunit *test)
{
	struct lib_result result = {};

	result.ok = mm_kunit_check_hugetlb(test->priv, result.msg,
					   sizeof(result.msg));
	return result;
}

static pte_t *lib_ptep_at(struct mm_struct *mm, unsigned long addr)
{
	return pte_offset_kernel(mm_kunit_pmd(mm, addr), addr);
}

static pte_t lib_pte_at(struct mm_struct *mm, unsigned long addr)
{
	return ptep_get(lib_ptep_at(mm, addr));
}

/* mm_kunit_check_unchanged() while the PTE of @addr is replaced by @planted. */
static struct lib_result lib_check_with_pte(struct kunit *test,
					    struct mm_struct *mm,
					    unsigned long addr, pte_t planted)
{
	struct mm_kunit_snapshot *before = mm_kunit_take_snapshot(test);
	pte_t *ptep = lib_ptep_at(mm, addr);
	pte_t old = ptep_get(ptep);
	struct lib_result result;

	KUNIT_ASSERT_TRUE(test, lib_check_unchanged(test, before).ok);
	*ptep = planted;
	result = lib_check_unchanged(test, before);
	*ptep = old;
	return result;
}

/* Three pages, of which two are present. */
static struct mm_struct *lib_two_of_three(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);

	mm_kunit_mmap_anon(test, mm, MM_KUNIT_BASE, 3 * PAGE_SIZE);
	mm_kunit_write_pages(test, mm, 2);
	return mm;
}

static void snapshot_sees_a_page_in_anothers_place(struct kunit *test)
{
	struct mm_struct *mm = lib_two_of_three(test);
	struct lib_result result;

	result = lib_check_with_pte(test, mm, mm_kunit_addr(1),
				    lib_pte_at(mm, mm_kunit_addr(0)));
	EXPECT_MISMATCH(test, result, "pfn");
}

static void snapshot_sees_a_page_mapped_once_more(struct kunit *test)
{
	struct mm_struct *mm = lib_two_of_three(test);
	struct lib_result result;

	result = lib_check_with_pte(test, mm, mm_kunit_addr(2),
				    lib_pte_at(mm, mm_kunit_addr(0)));
	EXPECT_MISMATCH(test, result, "has 3 entries, not 2");
}

static void snapshot_sees_a_page_that_is_lost(struct kunit *test)
{
	struct mm_struct *mm = lib_two_of_three(test);
	struct lib_result result;

	result = lib_check_with_pte(test, mm, mm_kunit_addr(1),
				    lib_pte_at(mm, mm_kunit_addr(2)));
	EXPECT_MISMATCH(test, result, "kind 0 not 1");
}

static void snapshot_sees_a_lost_right_to_write(struct kunit *test)
{
	struct mm_struct *mm = lib_two_of_three(test);
	pte_t pte = lib_pte_at(mm, MM_KUNIT_BASE);
	struct lib_result result;

	result = lib_check_with_pte(test, mm, MM_KUNIT_BASE,
				    pte_wrprotect(pte));
	EXPECT_MISMATCH(test, result, "write 0 not 1");
}

/* The folio is not dirty, so the dirty bit of the entry is all that is known. */
static void snapshot_sees_a_lost_dirty_bit(struct kunit *test)
{
	struct lib_result result;
	struct mm_struct *mm;
	pte_t pte;

	if (IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "UML's copy_to_user() leaves a PTE clean");
	mm = lib_two_of_three(test);
	pte = lib_pte_at(mm, MM_KUNIT_BASE);
	folio_clear_dirty(page_folio(mm_kunit_page_at(mm, MM_KUNIT_BASE)));
	result = lib_check_with_pte(test, mm, MM_KUNIT_BASE, pte_mkclean(pte));
	EXPECT_MISMATCH(test, result, "dirty 0");
}

static void snapshot_sees_a_lost_uffd_bit(struct kunit *test)
{
	struct lib_result result;
	struct mm_struct *mm;
	pte_t *ptep, pte;

	if (!IS_ENABLED(CONFIG_USERFAULTFD) ||
	    !IS_ENABLED(CONFIG_HAVE_ARCH_USERFAULTFD_WP))
		kunit_skip(test, "userfaultfd has no bit in a PTE");
	mm = lib_two_of_three(test);
	ptep = lib_ptep_at(mm, MM_KUNIT_BASE);
	pte = ptep_get(ptep);
	*ptep = pte_mkuffd(pte);
	result = lib_check_with_pte(test, mm, MM_KUNIT_BASE, pte);
	*ptep = pte;
	EXPECT_MISMATCH(test, result, "uffd 0 not 1");
}

/* The folio is not dirty, or that would be enough. */
static void snapshot_sees_a_lost_soft_dirty_bit(struct kunit *test)
{
	struct lib_result result;
	struct mm_struct *mm;
	pte_t *ptep, pte;

	mm_kunit_require_soft_dirty(test);
	mm = lib_two_of_three(test);
	ptep = lib_ptep_at(mm, MM_KUNIT_BASE);
	pte = ptep_get(ptep);
	result = lib_check_with_pte(test, mm, MM_KUNIT_BASE,
				    pte_clear_soft_dirty(pte));
	EXPECT_MISMATCH(test, result, "dirty 10 not 11");
}

/* Two pages of which the first is swapped out. */
static struct mm_struct *lib_swapped(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_swapon(test);
	mm = lib_two_of_three(test);
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, PAGE_SIZE);
	return mm;
}

static void snapshot_sees_what_a_swap_entry_has_lost(struct kunit *test)
{
	struct lib_result result;
	struct mm_struct *mm;
	pte_t *ptep, pte;

	if (!IS_ENABLED(CONFIG_USERFAULTFD) ||
	    !IS_ENABLED(CONFIG_HAVE_ARCH_USERFAULTFD_WP))
		kunit_skip(test, "userfaultfd has no bit in a PTE");
	mm_kunit_require_soft_dirty(test);
	mm = lib_swapped(test);
	ptep = lib_ptep_at(mm, MM_KUNIT_BASE);
	pte = ptep_get(ptep);
	result = lib_check_with_pte(test, mm, MM_KUNIT_BASE,
				    pte_swp_clear_soft_dirty(pte));
	EXPECT_MISMATCH(test, result, "dirty 00 not 01");
	*ptep = pte_swp_mkuffd(pte);
	result = lib_check_with_pte(test, mm, MM_KUNIT_BASE, pte);
	*ptep = pte;
	EXPECT_MISMATCH(test, result, "uffd 0 not 1");
}

static void snapshot_sees_another_swap_entry(struct kunit *test)
{
	struct mm_struct *mm = lib_swapped(test);
	pte_t pte = lib_pte_at(mm, MM_KUNIT_BASE);
	softleaf_t leaf = softleaf_from_pte(pte);
	struct lib_result result;
	swp_entry_t next;

	next = swp_entry(swp_type(leaf), swp_offset(leaf) + 1);
	pte = swp_entry_to_pte(next);
	if (IS_ENABLED(CONFIG_MEM_SOFT_DIRTY))
		pte = pte_swp_mksoft_dirty(pte);
	result = lib_check_with_pte(test, mm, MM_KUNIT_BASE, pte);
	EXPECT_MISMATCH(test, result, "leaf");
}

static void unchanged_but_excepts_only_the_page_given(struct kunit *test)
{
	struct mm_struct *mm = lib_two_of_three(test);
	struct page *page = mm_kunit_page_at(mm, mm_kunit_addr(1));
	struct page *other = mm_kunit_page_at(mm, mm_kunit_addr(0));
	struct mm_kunit_snapshot *before = mm_kunit_take_snapshot(test);
	pte_t *ptep = lib_ptep_at(mm, mm_kunit_addr(1));
	struct lib_result but_page, but_other;
	pte_t old = ptep_get(ptep);

	*ptep = __pte(0);
	but_page = lib_check_unchanged_but(test, before, page);
	but_other = lib_check_unchanged_but(test, before, other);
	*ptep = old;
	KUNIT_EXPECT_TRUE_MSG(test, but_page.ok, "%s", but_page.msg);
	EXPECT_MISMATCH(test, but_other, "differently");
}

/* mm_kunit_check_notified() while a PTE has changed without a notifier call. */
static struct lib_result lib_check_notified_with(struct kunit *test,
						 pte_t (*plant)(pte_t pte))
{
	struct mm_struct *mm = lib_two_of_three(test);
	struct mm_kunit_snapshot *before;
	struct lib_result result;
	pte_t *ptep, old;

	mm_kunit_register_notifier(test, mm);
	before = mm_kunit_take_snapshot(test);
	KUNIT_ASSERT_TRUE(test, lib_check_notified(test, before).ok);
	ptep = lib_ptep_at(mm, MM_KUNIT_BASE);
	old = ptep_get(ptep);
	*ptep = plant(old);
	result = lib_check_notified(test, before);
	*ptep = old;
	return result;
}

static pte_t lib_clear_pte(pte_t pte)
{
	return __pte(0);
}

static pte_t lib_wrprotect_pte(pte_t pte)
{
	return pte_wrprotect(pte);
}

static void notified_sees_an_entry_cleared_in_silence(struct kunit *test)
{
	struct lib_result result = lib_check_notified_with(test, lib_clear_pte);

	EXPECT_MISMATCH(test, result, "no notifier was called");
}

static void notified_sees_an_entry_protected_in_silence(struct kunit *test)
{
	struct lib_result result;

	result = lib_check_notified_with(test, lib_wrprotect_pte);
	EXPECT_MISMATCH(test, result, "no notifier was called");
}

/* The recorder is given calls whose starts and ends do not match. */
static void notified_sees_calls_that_do_not_match(struct kunit *test)
{
	struct mm_struct *mm = lib_two_of_three(test);
	struct mm_kunit_recorder *rec = mm_kunit_register_notifier(test, mm);
	struct mm_kunit_snapshot *before = mm_kunit_take_snapshot(test);
	struct lib_result no_end, other_end, no_start, lost;

	rec->event[0] = (struct mm_kunit_event){
		.kind = MM_KUNIT_START,
		.start = MM_KUNIT_BASE,
		.end = mm_kunit_addr(1),
	};
	rec->nr = 1;
	no_end = lib_check_notified(test, before);
	rec->event[1] = rec->event[0];
	rec->event[1].kind = MM_KUNIT_END;
	rec->event[1].end = mm_kunit_addr(2);
	rec->nr = 2;
	other_end = lib_check_notified(test, before);
	rec->event[0].kind = MM_KUNIT_END;
	rec->nr = 1;
	no_start = lib_check_notified(test, before);
	rec->nr = 0;
	rec->lost = 1;
	lost = lib_check_notified(test, before);
	mm_kunit_clear_events(rec);
	EXPECT_MISMATCH(test, no_end, "has no end");
	EXPECT_MISMATCH(test, other_end, "ends as");
	EXPECT_MISMATCH(test, no_start, "1 ends of 0 starts");
	EXPECT_MISMATCH(test, lost, "too many to record");
}

/* A hugetlb file of one PUD. */
static struct file *lib_hugetlb_file(struct kunit *test)
{
	mm_kunit_require_pmd_sharing(test);
	return mm_kunit_hugetlb_file(test, PUD_SIZE);
}

/* An mm that maps the PUD of @file and has read its first huge page. */
static struct mm_struct *lib_hugetlb_mm(struct kunit *test, struct file *file,
					unsigned long prot)
{
	struct mm_struct *mm;

	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PUD_SIZE, prot,
			      MAP_SHARED, 0);
	mm_kunit_read(test, mm, MM_KUNIT_BASE);
	KUNIT_ASSERT_TRUE(test, lib_check_hugetlb(test).ok);
	return mm;
}

static void check_sees_wrong_page_table_bytes(struct kunit *test)
{
	struct lib_result more, fewer;
	struct mm_struct *mm;

	mm_kunit_require_pmd_sharing(test);
	mm = lib_two_of_three(test);
	KUNIT_ASSERT_EQ(test, mm_pgtables_bytes(mm),
			mm_kunit_pgtables_bytes(mm));
	mm_inc_nr_ptes(mm);
	more = lib_check_hugetlb(test);
	mm_dec_nr_ptes(mm);
	mm_dec_nr_ptes(mm);
	fewer = lib_check_hugetlb(test);
	mm_inc_nr_ptes(mm);
	EXPECT_MISMATCH(test, more, "bytes of page tables");
	EXPECT_MISMATCH(test, fewer, "bytes of page tables");
}

/* One page of a file is mapped where another one belongs. */
static void check_sees_a_huge_page_in_two_places(struct kunit *test)
{
	struct file *file = lib_hugetlb_file(test);
	struct mm_struct *mm = lib_hugetlb_mm(test, file, RW);
	pmd_t *pmd = mm_kunit_pmd(mm, MM_KUNIT_BASE);
	struct lib_result result;

	pmd[1] = pmdp_get(pmd);
	result = lib_check_hugetlb(test);
	pmd[1] = __pmd(0);
	EXPECT_MISMATCH(test, result, "of a file is pfn");
}

/* The right page is mapped in the right place, but its mapcount is too low. */
static void check_sees_a_mapping_that_is_not_counted(struct kunit *test)
{
	struct file *file = lib_hugetlb_file(test);
	struct mm_struct *mm = lib_hugetlb_mm(test, file, RW);
	struct mm_struct *reader = lib_hugetlb_mm(test, file, PROT_READ);
	pmd_t *pmd = mm_kunit_pmd(reader, MM_KUNIT_BASE);
	struct lib_result result;

	mm_kunit_write(test, mm, MM_KUNIT_BASE + PMD_SIZE, 1);
	pmd[1] = pmdp_get(mm_kunit_pmd(mm, MM_KUNIT_BASE + PMD_SIZE));
	result = lib_check_hugetlb(test);
	pmd[1] = __pmd(0);
	EXPECT_MISMATCH(test, result, "in 2 entries has mapcount 1");
}

/* A second mm uses the table, and the share count does not include it. */
static void check_sees_a_stranger_with_a_table(struct kunit *test)
{
	struct file *file = lib_hugetlb_file(test);
	struct mm_struct *mm = lib_hugetlb_mm(test, file, RW);
	struct mm_struct *stranger;
	struct lib_result result;
	pud_t *pud;

	stranger = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PUD_SIZE, RW,
				    MAP_SHARED, 0);
	/* A page in the next PUD gives it a PUD table. */
	mm_kunit_mmap_anon(test, stranger, MM_KUNIT_BASE + PUD_SIZE, PAGE_SIZE);
	mm_kunit_write(test, stranger, MM_KUNIT_BASE + PUD_SIZE, 1);
	pud = mm_kunit_pud(stranger, MM_KUNIT_BASE);
	KUNIT_ASSERT_TRUE(test, pud_none(*pud));
	*pud = *mm_kunit_pud(mm, MM_KUNIT_BASE);
	result = lib_check_hugetlb(test);
	*pud = __pud(0);
	EXPECT_MISMATCH(test, result, "counts 0 further sharers");
}

/* A sharer has left, and the share count still includes it. */
static void check_sees_a_sharer_that_is_not_there(struct kunit *test)
{
	struct file *file = lib_hugetlb_file(test);
	struct mm_struct *mm = lib_hugetlb_mm(test, file, RW);
	struct mm_struct *sharer = lib_hugetlb_mm(test, file, RW);
	struct page *table = mm_kunit_pmd_table(mm, MM_KUNIT_BASE);
	pud_t *pud = mm_kunit_pud(sharer, MM_KUNIT_BASE);
	struct lib_result result;
	pud_t old = *pud;

	KUNIT_ASSERT_EQ(test, mm_kunit_pmd_table_owners(test->priv, table), 2);
	*pud = __pud(0);
	result = lib_check_hugetlb(test);
	*pud = old;
	EXPECT_MISMATCH(test, result, "counts 1 further sharers");
}

static struct kunit_case mm_kunit_lib_cases[] = {
	KUNIT_CASE(snapshot_sees_a_page_in_anothers_place),
	KUNIT_CASE(snapshot_sees_a_page_mapped_once_more),
	KUNIT_CASE(snapshot_sees_a_page_that_is_lost),
	KUNIT_CASE(snapshot_sees_a_lost_right_to_write),
	KUNIT_CASE(snapshot_sees_a_lost_dirty_bit),
	KUNIT_CASE(snapshot_sees_a_lost_uffd_bit),
	KUNIT_CASE(snapshot_sees_a_lost_soft_dirty_bit),
	KUNIT_CASE(snapshot_sees_what_a_swap_entry_has_lost),
	KUNIT_CASE(snapshot_sees_another_swap_entry),
	KUNIT_CASE(unchanged_but_excepts_only_the_page_given),
	KUNIT_CASE(notified_sees_an_entry_cleared_in_silence),
	KUNIT_CASE(notified_sees_an_entry_protected_in_silence),
	KUNIT_CASE(notified_sees_calls_that_do_not_match),
	KUNIT_CASE(check_sees_wrong_page_table_bytes),
	KUNIT_CASE(check_sees_a_huge_page_in_two_places),
	KUNIT_CASE(check_sees_a_mapping_that_is_not_counted),
	KUNIT_CASE(check_sees_a_stranger_with_a_table),
	KUNIT_CASE(check_sees_a_sharer_that_is_not_there),
	{}
};

static struct kunit_suite mm_kunit_lib_suite = {
	.name = "mm_kunit_lib",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = mm_kunit_lib_cases,
};

kunit_test_suite(mm_kunit_lib_suite);

MODULE_DESCRIPTION("KUnit tests of the checks that the mm suites use");
MODULE_LICENSE("GPL");
