// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what the mm suites judge by.
 *
 * Each case plants something wrong into the page tables or counts of a real
 * mm, asks the oracle, takes the plant out again, and only then looks at what
 * the oracle said: nothing here asserts while something is wrong, and every mm
 * is as it was when it exits.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/string.h>

#include "mm_kunit.h"
#include "mm_kunit_compat.h"
#include "mm_kunit_pages.h"
#include "mm_kunit_photo.h"
#include "mm_kunit_truth.h"

#define RW	(PROT_READ | PROT_WRITE)

/**
 * struct verdict - what an oracle says
 * @ok: nothing is wrong
 * @why: or else what
 */
struct verdict {
	bool ok;
	char why[MM_KUNIT_WHY];
};

/* It complains, in words that name what is wrong. */
#define EXPECT_COMPLAINT(case, heard, words) do {			\
	struct kunit *test_ = (case);					\
	struct verdict *said_ = &(heard);				\
									\
	KUNIT_EXPECT_FALSE(test_, said_->ok);				\
	KUNIT_EXPECT_TRUE_MSG(test_, strstr(said_->why, words),		\
			      "it says: %s", said_->why);		\
} while (0)

static struct verdict same(struct kunit *test, struct mm_kunit_photo *before)
{
	struct verdict said = { };

	said.ok = mm_kunit_same(test->priv, before, said.why, sizeof(said.why));
	return said;
}

static struct verdict told(struct kunit *test, struct mm_kunit_photo *before)
{
	struct verdict said = { };

	said.ok = mm_kunit_told(test->priv, before, said.why, sizeof(said.why));
	return said;
}

static struct verdict truth(struct kunit *test)
{
	struct verdict said = { };

	said.ok = mm_kunit_hugetlb_truth(test->priv, said.why, sizeof(said.why));
	return said;
}

/* ------------------------------------------------------- photographs -- */

static pte_t *ptep_at(struct mm_struct *mm, unsigned long addr)
{
	return pte_offset_kernel(mm_kunit_pmd(mm, addr), addr);
}

/* What mm_kunit_same() says while an entry of @mm is another one. */
static struct verdict same_with(struct kunit *test, struct mm_struct *mm,
				unsigned long addr, pte_t planted)
{
	struct mm_kunit_photo *before = mm_kunit_photograph(test);
	pte_t *ptep = ptep_at(mm, addr);
	pte_t old = *ptep;
	struct verdict said;

	KUNIT_ASSERT_TRUE(test, same(test, before).ok);
	*ptep = planted;
	said = same(test, before);
	*ptep = old;
	return said;
}

/* Three pages of which two are there. */
static struct mm_struct *two_of_three(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);

	mm_kunit_mmap_anon(test, mm, MM_KUNIT_BASE, 3 * PAGE_SIZE);
	mm_kunit_write_pages(test, mm, 2);
	return mm;
}

static void photo_sees_a_page_in_anothers_place(struct kunit *test)
{
	struct mm_struct *mm = two_of_three(test);
	struct verdict said;

	said = same_with(test, mm, mm_kunit_addr(1), *ptep_at(mm, mm_kunit_addr(0)));
	EXPECT_COMPLAINT(test, said, "pfn");
}

static void photo_sees_a_page_mapped_once_more(struct kunit *test)
{
	struct mm_struct *mm = two_of_three(test);
	struct verdict said;

	said = same_with(test, mm, mm_kunit_addr(2), *ptep_at(mm, mm_kunit_addr(0)));
	EXPECT_COMPLAINT(test, said, "has 3 entries, not 2");
}

static void photo_sees_a_page_that_is_lost(struct kunit *test)
{
	struct mm_struct *mm = two_of_three(test);
	struct verdict said;

	said = same_with(test, mm, mm_kunit_addr(1), *ptep_at(mm, mm_kunit_addr(2)));
	EXPECT_COMPLAINT(test, said, "kind 0 not 1");
}

static void photo_sees_a_lost_right_to_write(struct kunit *test)
{
	struct mm_struct *mm = two_of_three(test);
	pte_t pte = *ptep_at(mm, MM_KUNIT_BASE);
	struct verdict said = same_with(test, mm, MM_KUNIT_BASE, pte_wrprotect(pte));

	EXPECT_COMPLAINT(test, said, "write 0 not 1");
}

/* The page does not say that it was written to: only the entry knows. */
static void __maybe_unused photo_sees_a_lost_dirty_bit(struct kunit *test)
{
	struct mm_struct *mm = two_of_three(test);
	pte_t pte = *ptep_at(mm, MM_KUNIT_BASE);
	struct verdict said;

	ClearPageDirty(mm_kunit_page_at(mm, MM_KUNIT_BASE));
	said = same_with(test, mm, MM_KUNIT_BASE, pte_mkclean(pte));
	EXPECT_COMPLAINT(test, said, "dirty 0");
}

static void __maybe_unused photo_sees_a_lost_uffd_bit(struct kunit *test)
{
	struct mm_struct *mm = two_of_three(test);
	pte_t *ptep = ptep_at(mm, MM_KUNIT_BASE);
	pte_t pte = *ptep;
	struct verdict said;

	*ptep = mm_kunit_pte_mkuffd(pte);
	said = same_with(test, mm, MM_KUNIT_BASE, pte);
	*ptep = pte;
	EXPECT_COMPLAINT(test, said, "uffd 0 not 1");
}

/* What is meant to change may, and nothing beside it. */
static void kept_excepts_just_the_page_it_is_told(struct kunit *test)
{
	struct mm_struct *mm = two_of_three(test);
	struct page *page = mm_kunit_page_at(mm, mm_kunit_addr(1));
	struct mm_kunit_photo *before = mm_kunit_photograph(test);
	pte_t *ptep = ptep_at(mm, mm_kunit_addr(1));
	struct verdict it = { }, another = { };
	pte_t old = *ptep;

	*ptep = __pte(0);
	it.ok = mm_kunit_kept(test->priv, before, page, 1, it.why, sizeof(it.why));
	another.ok = mm_kunit_kept(test->priv, before,
				   mm_kunit_page_at(mm, mm_kunit_addr(0)), 1,
				   another.why, sizeof(another.why));
	*ptep = old;
	KUNIT_EXPECT_TRUE_MSG(test, it.ok, "%s", it.why);
	EXPECT_COMPLAINT(test, another, "otherwise");
}

/* --------------------------------------------------------- notifiers -- */

/* What mm_kunit_told() says of an entry that changes while nobody is told. */
static struct verdict told_with(struct kunit *test, pte_t (*plant)(pte_t pte))
{
	struct mm_struct *mm = two_of_three(test);
	struct mm_kunit_photo *before;
	pte_t *ptep, old;
	struct verdict said;

	mm_kunit_record(test, mm);
	before = mm_kunit_photograph(test);
	KUNIT_ASSERT_TRUE(test, told(test, before).ok);
	ptep = ptep_at(mm, MM_KUNIT_BASE);
	old = *ptep;
	*ptep = plant(old);
	said = told(test, before);
	*ptep = old;
	return said;
}

static pte_t cleared(pte_t pte)
{
	return __pte(0);
}

static pte_t protected(pte_t pte)
{
	return pte_wrprotect(pte);
}

static void told_sees_an_entry_cleared_in_silence(struct kunit *test)
{
	struct verdict said = told_with(test, cleared);

	EXPECT_COMPLAINT(test, said, "no notifier was told of");
}

static void told_sees_an_entry_protected_in_silence(struct kunit *test)
{
	struct verdict said = told_with(test, protected);

	EXPECT_COMPLAINT(test, said, "no notifier was told of");
}

/* A recorder that holds one call, of a range that is not the entry's. */
static void told_sees_calls_that_do_not_match(struct kunit *test)
{
	struct mm_struct *mm = two_of_three(test);
	struct mm_kunit_recorder *rec = mm_kunit_record(test, mm);
	struct mm_kunit_photo *before = mm_kunit_photograph(test);
	struct verdict alone, another, end, lost;

	rec->event[0] = (struct mm_kunit_event) {
		.kind = MM_KUNIT_START,
		.start = MM_KUNIT_BASE,
		.end = mm_kunit_addr(1),
	};
	rec->nr = 1;
	alone = told(test, before);
	rec->event[1] = rec->event[0];
	rec->event[1].kind = MM_KUNIT_END;
	rec->event[1].end = mm_kunit_addr(2);
	rec->nr = 2;
	another = told(test, before);
	rec->event[0].kind = MM_KUNIT_END;
	rec->nr = 1;
	end = told(test, before);
	rec->nr = 0;
	rec->lost = 1;
	lost = told(test, before);
	mm_kunit_forget(rec);
	EXPECT_COMPLAINT(test, alone, "has no end");
	EXPECT_COMPLAINT(test, another, "ends as");
	EXPECT_COMPLAINT(test, end, "1 ends of 0 starts");
	EXPECT_COMPLAINT(test, lost, "more than are kept");
}

/* ----------------------------------------------- truth about hugetlb -- */

/* An mm that maps a PUD of the file, and has touched its first page. */
static struct mm_struct *hugetlb_mm(struct kunit *test, struct file *file,
				    unsigned long prot)
{
	struct mm_struct *mm;

	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PUD_SIZE, prot,
			      MAP_SHARED, 0);
	mm_kunit_read(test, mm, MM_KUNIT_BASE);
	KUNIT_ASSERT_TRUE(test, truth(test).ok);
	return mm;
}

static void __maybe_unused truth_sees_wrong_page_table_bytes(struct kunit *test)
{
	struct mm_struct *mm = two_of_three(test);
	struct verdict more, fewer;

	KUNIT_ASSERT_EQ(test, mm_pgtables_bytes(mm), mm_kunit_pgtables_bytes(mm));
	mm_inc_nr_ptes(mm);
	more = truth(test);
	mm_dec_nr_ptes(mm);
	mm_dec_nr_ptes(mm);
	fewer = truth(test);
	mm_inc_nr_ptes(mm);
	EXPECT_COMPLAINT(test, more, "bytes of page tables");
	EXPECT_COMPLAINT(test, fewer, "bytes of page tables");
}

/* One page of a file in the place of another, as an entry too many would be. */
static void __maybe_unused truth_sees_a_huge_page_in_two_places(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm = hugetlb_mm(test, file, RW);
	pmd_t *pmd = mm_kunit_pmd(mm, MM_KUNIT_BASE);
	struct verdict said;

	pmd[1] = pmd[0];
	said = truth(test);
	pmd[1] = __pmd(0);
	EXPECT_COMPLAINT(test, said, "of a file is pfn");
}

/* The right page in the right place, but nobody has counted the mapping. */
static void __maybe_unused truth_sees_a_mapping_that_is_not_counted(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm = hugetlb_mm(test, file, RW);
	struct mm_struct *reader = hugetlb_mm(test, file, PROT_READ);
	pmd_t *pmd = mm_kunit_pmd(reader, MM_KUNIT_BASE);
	struct verdict said;

	mm_kunit_write(test, mm, MM_KUNIT_BASE + PMD_SIZE, 1);
	pmd[1] = mm_kunit_pmd(mm, MM_KUNIT_BASE)[1];
	said = truth(test);
	pmd[1] = __pmd(0);
	EXPECT_COMPLAINT(test, said, "in 2 entries has mapcount 1");
}

/* A second mm has the table, and its share count does not know. */
static void __maybe_unused truth_sees_a_stranger_with_a_table(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm = hugetlb_mm(test, file, RW);
	struct mm_struct *stranger = mm_kunit_map_new(test, file, MM_KUNIT_BASE,
						      PUD_SIZE, RW, MAP_SHARED, 0);
	struct verdict said;
	pud_t *pud;

	/* It has a PUD table, by a page elsewhere below it. */
	mm_kunit_mmap_anon(test, stranger, MM_KUNIT_BASE + PUD_SIZE, PAGE_SIZE);
	mm_kunit_write(test, stranger, MM_KUNIT_BASE + PUD_SIZE, 1);
	pud = mm_kunit_pud(stranger, MM_KUNIT_BASE);
	KUNIT_ASSERT_TRUE(test, pud_none(*pud));
	*pud = *mm_kunit_pud(mm, MM_KUNIT_BASE);
	said = truth(test);
	*pud = __pud(0);
	EXPECT_COMPLAINT(test, said, "counts 0 further sharers");
}

/* A sharer leaves, and the share count still has it. */
static void __maybe_unused truth_sees_a_sharer_that_is_not_there(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm = hugetlb_mm(test, file, RW);
	struct mm_struct *sharer = hugetlb_mm(test, file, RW);
	pud_t *pud = mm_kunit_pud(sharer, MM_KUNIT_BASE);
	struct verdict said;
	pud_t old = *pud;

	KUNIT_ASSERT_EQ(test, mm_kunit_pmd_table_owners(test->priv,
							mm_kunit_pmd_table(mm, MM_KUNIT_BASE)), 2);
	*pud = __pud(0);
	said = truth(test);
	*pud = old;
	EXPECT_COMPLAINT(test, said, "counts 1 further sharers");
}

static struct kunit_case mm_kunit_oracle_cases[] = {
	KUNIT_CASE(photo_sees_a_page_in_anothers_place),
	KUNIT_CASE(photo_sees_a_page_mapped_once_more),
	KUNIT_CASE(photo_sees_a_page_that_is_lost),
	KUNIT_CASE(photo_sees_a_lost_right_to_write),
	MM_KUNIT_CASE_IF(STORE_DIRTIES, photo_sees_a_lost_dirty_bit)
	MM_KUNIT_CASE_IF(UFFD_BIT, photo_sees_a_lost_uffd_bit)
	KUNIT_CASE(kept_excepts_just_the_page_it_is_told),
	KUNIT_CASE(told_sees_an_entry_cleared_in_silence),
	KUNIT_CASE(told_sees_an_entry_protected_in_silence),
	KUNIT_CASE(told_sees_calls_that_do_not_match),
	MM_KUNIT_CASE_IF(PMD_SHARE, truth_sees_wrong_page_table_bytes)
	MM_KUNIT_CASE_IF(PMD_SHARE, truth_sees_a_huge_page_in_two_places)
	MM_KUNIT_CASE_IF(PMD_SHARE, truth_sees_a_mapping_that_is_not_counted)
	MM_KUNIT_CASE_IF(PMD_SHARE, truth_sees_a_stranger_with_a_table)
	MM_KUNIT_CASE_IF(PMD_SHARE, truth_sees_a_sharer_that_is_not_there)
	{}
};

static struct kunit_suite mm_kunit_oracle_suite = {
	.name = "mm_kunit_oracle",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = mm_kunit_oracle_cases,
};

kunit_test_suite(mm_kunit_oracle_suite);

MODULE_DESCRIPTION("KUnit tests of what the mm suites judge by");
MODULE_LICENSE("GPL");
