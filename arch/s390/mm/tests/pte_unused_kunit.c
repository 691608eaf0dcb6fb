// SPDX-License-Identifier: GPL-2.0-only
/*
 * PTEs of s390 that say that their page is not used.
 *
 * A guest of KVM may say so of its memory. The host then throws the page away
 * where it would have swapped it out. This holds for one PTE, for as long as it
 * is not written anew.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/swap.h"

#define ADDR mm_kunit_addr(1)

static pte_t *pte_of(struct mm_struct *mm)
{
	return pte_offset_kernel(mm_kunit_pmd(mm, ADDR), ADDR);
}

/* An mm of three pages, of which KVM has said that the second is not used. */
static struct mm_struct *mm_with_unused_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 3);

	atomic64_or(_PAGE_UNUSED, (atomic64_t *)pte_of(mm));
	KUNIT_ASSERT_TRUE(test, pte_unused(*pte_of(mm)));
	return mm;
}

/*
 * d4bb00704a66 ("s390/mm: Fix handling of _PAGE_UNUSED pte bit"): a PTE that
 * was copied had the bit as well, and the content of the page was lost when it
 * was swapped out.
 */
static void fork_copies_no_unused_bit(struct kunit *test)
{
	struct mm_struct *mm, *child;

	mm_kunit_swapon(test);
	mm = mm_with_unused_page(test);
	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_FALSE(test, pte_unused(*pte_of(child)));
	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(mm, ADDR, PAGE_SIZE), 0L);
	mm_kunit_swap_out(test, child, ADDR, PAGE_SIZE);
	mm_kunit_expect_pages(test, child, 3);
	mm_kunit_swapoff(test);
}

static struct kunit_case pte_unused_cases[] = {
	KUNIT_CASE(fork_copies_no_unused_bit),
	{}
};

static struct kunit_suite pte_unused_suite = {
	.name = "pte_unused",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = pte_unused_cases,
};

kunit_test_suite(pte_unused_suite);

MODULE_DESCRIPTION("KUnit tests for PTEs of s390 that are not used");
MODULE_LICENSE("GPL");
