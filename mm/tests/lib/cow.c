// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anonymous pages that are written to, see cow.h.
 */
#include <kunit/test.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/swap.h>

#include "../../internal.h"
#include "cow.h"
#include "entry.h"
#include "pages.h"
#include "process.h"

static void mm_kunit_expect_write(struct kunit *test, struct mm_struct *mm,
				  int i, bool reuses)
{
	struct page *page = mm_kunit_page_at(mm, mm_kunit_addr(i));
	bool reused;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	lru_add_drain_all(); /* the LRU caches have references as well */
	mm_kunit_write(test, mm, mm_kunit_addr(i), mm_kunit_content(1000 + i));
	reused = mm_kunit_page_at(mm, mm_kunit_addr(i)) == page;
	KUNIT_EXPECT_EQ_MSG(test, reused, reuses, "the write to page %d", i);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(i)),
			mm_kunit_content(1000 + i));
}

/**
 * mm_kunit_expect_reused() - a write goes to the page that is mapped already
 * @test: the case
 * @mm: the mm that writes
 * @i: the page, counted from MM_KUNIT_BASE
 */
void mm_kunit_expect_reused(struct kunit *test, struct mm_struct *mm, int i)
{
	mm_kunit_expect_write(test, mm, i, true);
}

/**
 * mm_kunit_expect_copied() - a write goes to another page, which is mapped then
 * @test: the case
 * @mm: the mm that writes
 * @i: the page, counted from MM_KUNIT_BASE
 */
void mm_kunit_expect_copied(struct kunit *test, struct mm_struct *mm, int i)
{
	mm_kunit_expect_write(test, mm, i, false);
}

/**
 * mm_kunit_expect_device_sees() - an mm and a device share a page
 * @test: the case
 * @mm: the mm
 * @pinned: the page that the device has pinned
 * @i: where the mm maps it, counted from MM_KUNIT_BASE
 *
 * The mm reads what the device writes, and the device what the mm writes.
 */
void mm_kunit_expect_device_sees(struct kunit *test, struct mm_struct *mm,
				 struct page *pinned, int i)
{
	unsigned long addr = mm_kunit_addr(i);
	u64 *device = page_address(pinned);

	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, addr), pinned);
	*device = mm_kunit_content(2000);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, addr),
			mm_kunit_content(2000));
	mm_kunit_write(test, mm, addr, mm_kunit_content(2001));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, addr), pinned);
	KUNIT_EXPECT_EQ(test, *device, mm_kunit_content(2001));
}

/**
 * mm_kunit_expect_copied_for_child() - fork() has copied a page that is pinned
 * @test: the case
 * @mm: the parent's mm, which had the page pinned
 * @child: the child's mm
 * @addr: where they map it
 * @pinned: the page
 *
 * The parent still maps the pinned page, and the device sees what the parent
 * writes next. The child has a page of its own with the same content.
 */
void mm_kunit_expect_copied_for_child(struct kunit *test, struct mm_struct *mm,
				      struct mm_struct *child,
				      unsigned long addr, struct page *pinned)
{
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, addr);
	u64 *device = page_address(pinned) + offset_in_page(addr);
	u64 old = *device;

	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, addr), pinned);
	KUNIT_EXPECT_TRUE(test, entry.write);
	KUNIT_EXPECT_PTR_NE(test, mm_kunit_page_at(child, addr), pinned);
	KUNIT_EXPECT_TRUE(test, mm_kunit_is_exclusive(pinned));

	mm_kunit_write(test, mm, addr, mm_kunit_content(77));
	KUNIT_EXPECT_EQ(test, *device, mm_kunit_content(77));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, addr), old);
	mm_kunit_write(test, child, addr, mm_kunit_content(78));
	KUNIT_EXPECT_EQ(test, *device, mm_kunit_content(77));
}

/**
 * mm_kunit_anon_vma_reaches() - does the anon_vma of a page lead to an mm
 * @mm: the mm
 * @addr: where it maps the page, which is anonymous
 *
 * An rmap walk from the page visits only VMAs that are linked to the anon_vma
 * of the page. The VMA at @addr must be one of them.
 */
bool mm_kunit_anon_vma_reaches(struct mm_struct *mm, unsigned long addr)
{
	struct folio *folio = page_folio(mm_kunit_page_at(mm, addr));
	struct vm_area_struct *vma = mm_kunit_vma(mm, addr);
	struct anon_vma_chain *avc;

	list_for_each_entry(avc, &vma->anon_vma_chain, same_vma)
		if (avc->anon_vma == folio_anon_vma(folio))
			return true;
	return false;
}
