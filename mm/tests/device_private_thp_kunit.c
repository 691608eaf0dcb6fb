// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages that are in a device as a whole, mapped by a PMD that is not
 * present.
 *
 * Such a PMD has the bits of a swap entry, at other places than a present one
 * has them.
 */
#include <kunit/test.h>
#include <linux/leafops.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rmap.h>

#include "../internal.h"
#include "lib/device.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/thp.h"

static int device_init(struct kunit *test)
{
	mm_kunit_plug_device();
	return mm_kunit_init(test);
}

/**
 * struct device_thp - a huge page that is in the device as a whole
 * @mm: the mm that maps it
 * @pmd: by this PMD
 * @folio: the folio, to which the case has a reference
 */
struct device_thp {
	struct mm_struct *mm;
	pmd_t *pmd;
	struct folio *folio;
};

static struct device_thp new_device_thp(struct kunit *test)
{
	struct device_thp t = { .mm = mm_kunit_thp_mm(test, 4) };

	t.folio = mm_kunit_move_thp_to_device(test, t.mm, MM_KUNIT_BASE);
	t.pmd = mm_kunit_pmd(t.mm, MM_KUNIT_BASE);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(t.mm, MM_KUNIT_BASE).size,
			PMD_SIZE);
	KUNIT_ASSERT_TRUE(test, pmd_is_device_private_entry(*t.pmd));
	folio_get(t.folio);
	return t;
}

/* The bits that an entry of a swapped PMD has beside its type and pfn. */
static void set_swp_bits(struct device_thp *t, bool soft_dirty, bool uffd)
{
	spinlock_t *ptl = pmd_lock(t->mm, t->pmd);
	pmd_t pmd = pmd_swp_clear_uffd(pmd_swp_clear_soft_dirty(*t->pmd));

	if (soft_dirty)
		pmd = pmd_swp_mksoft_dirty(pmd);
	if (uffd)
		pmd = pmd_swp_mkuffd(pmd);
	set_pmd_at(t->mm, MM_KUNIT_BASE, t->pmd, pmd);
	spin_unlock(ptl);
}

static bool is_writable_in_device(pmd_t pmd)
{
	return softleaf_is_device_private_write(softleaf_from_pmd(pmd));
}

static void huge_page_comes_back_from_device(struct kunit *test)
{
	struct device_thp t = new_device_thp(test);

	KUNIT_EXPECT_TRUE(test, is_writable_in_device(*t.pmd));
	folio_put(t.folio); /* or it could not migrate */
	mm_kunit_expect_pages(test, t.mm, 4);
	mm_kunit_write(test, t.mm, MM_KUNIT_BASE, mm_kunit_content(9));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, t.mm, MM_KUNIT_BASE),
			mm_kunit_content(9));
}

/*
 * Away and back again: each bit of the PMD is what it was, at either place. What
 * userfaultfd watches is not writable.
 */
static void expect_migration_keeps(struct kunit *test, struct device_thp *t,
				   bool write, bool soft_dirty, bool uffd)
{
	softleaf_t leaf;
	pmd_t away;

	set_swp_bits(t, soft_dirty, uffd);
	folio_lock(t->folio);
	try_to_migrate(t->folio, 0);
	away = *t->pmd;
	remove_migration_ptes(t->folio, t->folio, 0);
	folio_unlock(t->folio);
	leaf = softleaf_from_pmd(away);
	KUNIT_EXPECT_TRUE(test, softleaf_is_migration(leaf));
	KUNIT_EXPECT_EQ_MSG(test, softleaf_is_migration_write(leaf), write,
			    "write");
	KUNIT_EXPECT_EQ_MSG(test, !!pmd_swp_soft_dirty(away), soft_dirty,
			    "soft-dirty");
	KUNIT_EXPECT_EQ_MSG(test, !!pmd_swp_uffd(away), uffd, "uffd");
	KUNIT_EXPECT_TRUE(test, pmd_is_device_private_entry(*t->pmd));
	KUNIT_EXPECT_EQ_MSG(test, is_writable_in_device(*t->pmd), write,
			    "write, back");
	KUNIT_EXPECT_EQ_MSG(test, !!pmd_swp_soft_dirty(*t->pmd), soft_dirty,
			    "soft-dirty, back");
	KUNIT_EXPECT_EQ_MSG(test, !!pmd_swp_uffd(*t->pmd), uffd, "uffd, back");
}

/*
 * 43e7f189769c ("mm/huge_memory: use correct flags for device private PMD
 * entry"): the bits were read as if the PMD were present, where the soft-dirty
 * bit of an entry that is not means that it may be written through.
 */
static void migrated_device_pmd_keeps_its_bits(struct kunit *test)
{
	bool soft_dirty = IS_ENABLED(CONFIG_MEM_SOFT_DIRTY);
	bool uffd = pgtable_supports_uffd();
	struct device_thp t = new_device_thp(test);

	expect_migration_keeps(test, &t, true, false, false);
	expect_migration_keeps(test, &t, true, soft_dirty, false);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_mprotect(t.mm, MM_KUNIT_BASE, PMD_SIZE,
					  PROT_READ),
			0L);
	expect_migration_keeps(test, &t, false, false, false);
	expect_migration_keeps(test, &t, false, soft_dirty, false);
	expect_migration_keeps(test, &t, false, false, uffd);
	set_swp_bits(&t, false, false);
	folio_put(t.folio);
}

/* Does a walk for @folio find anything in the VMA of the huge page. */
static bool walk_finds(struct device_thp *t, struct folio *folio,
		       unsigned int flags)
{
	struct vm_area_struct *vma = mm_kunit_vma(t->mm, MM_KUNIT_BASE);
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, MM_KUNIT_BASE, flags);
	bool found = page_vma_mapped_walk(&pvmw);

	if (found)
		page_vma_mapped_walk_done(&pvmw);
	return found;
}

/*
 * f84ca9b1888d ("mm/page_vma_mapped: fix device-private PMD handling"): a walk
 * took the PMD for one that stands for a page that migrates, whoever's it was.
 */
static void walk_knows_device_pmd_from_migration(struct kunit *test)
{
	struct device_thp t = new_device_thp(test);
	struct device_thp other = new_device_thp(test);
	bool found, other_found, migrating;
	int refs, mapcount;
	pmd_t before;

	folio_lock(t.folio);
	before = *t.pmd;
	found = walk_finds(&t, t.folio, 0);
	other_found = walk_finds(&t, other.folio, 0);
	migrating = walk_finds(&t, t.folio, PVMW_MIGRATION);
	refs = folio_ref_count(t.folio);
	mapcount = folio_mapcount(t.folio);
	if (!migrating)
		remove_migration_ptes(t.folio, t.folio, 0);
	folio_unlock(t.folio);
	KUNIT_EXPECT_TRUE_MSG(test, found, "the folio was not found");
	KUNIT_EXPECT_FALSE_MSG(test, other_found, "found a folio elsewhere");
	KUNIT_EXPECT_FALSE_MSG(test, migrating, "found to migrate");
	KUNIT_EXPECT_TRUE(test, pmd_same(*t.pmd, before));
	KUNIT_EXPECT_EQ(test, folio_ref_count(t.folio), refs);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), mapcount);
	folio_put(t.folio);
	folio_put(other.folio);
}

/*
 * f7e2c21bd1f5 ("mm/huge_memory: preserve pmd_swp_uffd_wp on device-private PMD
 * downgrade"): the PMD was made anew for a process that may only read, and
 * userfaultfd, which watched it, did not any more.
 */
static void device_pmd_stays_watched(struct kunit *test)
{
	struct device_thp t;
	pmd_t pmd;

	if (!pgtable_supports_uffd())
		kunit_skip(test, "this machine's entries have no bit for it");
	t = new_device_thp(test);
	set_swp_bits(&t, false, true);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_mprotect(t.mm, MM_KUNIT_BASE, PMD_SIZE,
					  PROT_READ),
			0L);
	pmd = *t.pmd;
	KUNIT_EXPECT_TRUE(test, pmd_is_device_private_entry(pmd));
	KUNIT_EXPECT_FALSE(test, is_writable_in_device(pmd));
	KUNIT_EXPECT_TRUE(test, pmd_swp_uffd(pmd));
	set_swp_bits(&t, false, false);
	folio_put(t.folio);
}

/* The same where it is fork() that takes the right to write away. */
static void forked_device_pmd_stays_watched(struct kunit *test)
{
	struct mm_struct *child;
	struct device_thp t;
	pmd_t pmd;

	if (!pgtable_supports_uffd())
		kunit_skip(test, "this machine's entries have no bit for it");
	t = new_device_thp(test);
	set_swp_bits(&t, false, true);
	child = mm_kunit_fork(test, t.mm);
	pmd = *mm_kunit_pmd(child, MM_KUNIT_BASE);
	KUNIT_EXPECT_TRUE(test, pmd_is_device_private_entry(pmd));
	KUNIT_EXPECT_FALSE(test, is_writable_in_device(pmd));
	KUNIT_EXPECT_FALSE(test, pmd_swp_uffd(pmd));
	KUNIT_EXPECT_FALSE(test, is_writable_in_device(*t.pmd));
	KUNIT_EXPECT_TRUE(test, pmd_swp_uffd(*t.pmd));
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), 2);
	KUNIT_EXPECT_EQ(test, folio_ref_count(t.folio), 3);
	set_swp_bits(&t, false, false);
	folio_put(t.folio);
	mm_kunit_expect_pages(test, child, 4);
	mm_kunit_expect_pages(test, t.mm, 4);
}

/* Cases that others rest on come first. */
static struct kunit_case device_private_thp_cases[] = {
	KUNIT_CASE(huge_page_comes_back_from_device),
	KUNIT_CASE(migrated_device_pmd_keeps_its_bits),
	KUNIT_CASE(walk_knows_device_pmd_from_migration),
	KUNIT_CASE(device_pmd_stays_watched),
	KUNIT_CASE(forked_device_pmd_stays_watched),
	{}
};

static struct kunit_suite device_private_thp_suite = {
	.name = "device_private_thp",
	.init = device_init,
	.exit = mm_kunit_exit,
	.test_cases = device_private_thp_cases,
};

kunit_test_suite(device_private_thp_suite);

MODULE_DESCRIPTION("KUnit tests for huge pages that are in a device");
MODULE_LICENSE("GPL");
