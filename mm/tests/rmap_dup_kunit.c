// SPDX-License-Identifier: GPL-2.0-only
/*
 * Duplicating a mapping, as fork() does, and making a mapping a shared one.
 *
 * A pinned page must stay with the parent: once it was shared, the next write
 * of the parent went to a copy that the device never saw, see
 * 70e806e4e645 ("mm: Do early cow for pinned pages during fork() for ptes") and
 * 6c287605fd56 ("mm: remember exclusively mapped anonymous pages with
 * PG_anon_exclusive").
 *
 * The cases call the functions of rmap.h under the locks of fork(), and check
 * what these change: mapcounts and AnonExclusive, of the duplicated pages only.
 */
#include <kunit/test.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rmap.h>
#include <linux/swap.h>

#include "lib/dup.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/gup.h"
#include "lib/hugetlb.h"
#include "lib/ksm.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/thp.h"

#define RW (PROT_READ | PROT_WRITE)

/**
 * enum dup_prep - who holds references to the page, besides its mm
 * @ALONE: nobody
 * @ONCE_PINNED: nobody, but the mm has pinned a page before
 * @PINNED: a device, pinned by GUP
 * @PINNED_UNNOTICED: the same, but the mm says that it never pinned a page
 * @UNPINNED: nobody; a device had pinned it
 * @REFERENCED: somebody, a few references and no pin
 * @BELOW_BIAS: one reference fewer than a base page has that is pinned
 * @AT_BIAS: as many
 * @ABOVE_BIAS: one more
 */
enum dup_prep {
	ALONE,
	ONCE_PINNED,
	PINNED,
	PINNED_UNNOTICED,
	UNPINNED,
	REFERENCED,
	BELOW_BIAS,
	AT_BIAS,
	ABOVE_BIAS,
};

/**
 * struct dup_row - a state of a page, and whether it counts as pinned
 * @name: what is special
 * @prep: who holds references
 * @base_pinned: whether a base page in this state counts as pinned
 * @large_pinned: whether a large folio does
 * @mm_pinned: whether its mm says that it has ever pinned a page
 */
struct dup_row {
	const char *name;
	enum dup_prep prep;
	bool base_pinned;
	bool large_pinned;
	bool mm_pinned;
};

static const struct dup_row dup_rows[] = {
	{ .name = "alone", .prep = ALONE },
	{ .name = "once pinned", .prep = ONCE_PINNED, .mm_pinned = true },
	{ .name = "pinned",
	  .prep = PINNED,
	  .base_pinned = true,
	  .large_pinned = true,
	  .mm_pinned = true },
	{ .name = "pinned, unnoticed",
	  .prep = PINNED_UNNOTICED,
	  .base_pinned = true,
	  .large_pinned = true },
	{ .name = "unpinned", .prep = UNPINNED, .mm_pinned = true },
	{ .name = "referenced", .prep = REFERENCED, .mm_pinned = true },
	{ .name = "below bias", .prep = BELOW_BIAS, .mm_pinned = true },
	{ .name = "at bias",
	  .prep = AT_BIAS,
	  .base_pinned = true,
	  .mm_pinned = true },
	{ .name = "above bias",
	  .prep = ABOVE_BIAS,
	  .base_pinned = true,
	  .mm_pinned = true },
};

static bool dup_counts_as_pinned(struct mm_kunit_dup *d,
				 const struct dup_row *row)
{
	return folio_test_large(d->folio) ? row->large_pinned :
					    row->base_pinned;
}

static void dup_set_has_pinned(struct mm_struct *mm, bool pinned)
{
	if (pinned)
		mm_flags_set(MMF_HAS_PINNED, mm);
	else
		mm_flags_clear(MMF_HAS_PINNED, mm);
}

static void dup_raise_refs(struct mm_kunit_dup *d, int to)
{
	d->raised = to - folio_ref_count(d->folio);
	folio_ref_add(d->folio, d->raised);
}

/* Bring an exclusive page into the state of a row. */
static void dup_prepare(struct kunit *test, struct mm_kunit_dup *d,
			const struct dup_row *row)
{
	struct mm_struct *mm = d->src->vm_mm;
	unsigned long addr = d->src->vm_start + d->at * PAGE_SIZE;
	int bias = GUP_PIN_COUNTING_BIAS;
	struct page *pin;

	lru_add_drain_all();
	d->raised = 0;
	switch (row->prep) {
	case PINNED:
	case PINNED_UNNOTICED:
		mm_kunit_pin(test, mm, addr, FOLL_WRITE);
		break;
	case UNPINNED:
		pin = mm_kunit_pin(test, mm, addr, FOLL_WRITE);
		mm_kunit_unpin(test, pin);
		break;
	case REFERENCED:
		dup_raise_refs(d, folio_ref_count(d->folio) + 5);
		break;
	case BELOW_BIAS:
		dup_raise_refs(d, bias - 1);
		break;
	case AT_BIAS:
		dup_raise_refs(d, bias);
		break;
	case ABOVE_BIAS:
		dup_raise_refs(d, bias + 1);
		break;
	case ALONE:
	case ONCE_PINNED:
		break;
	}
	dup_set_has_pinned(mm, row->mm_pinned);
}

/* End a row: unpin the page, and let all mms exit. */
static void dup_end_row(struct kunit *test, struct mm_kunit_dup *d)
{
	struct mm_kunit *fx = test->priv;
	int i;

	folio_ref_sub(d->folio, d->raised);
	for (i = 0; i < MM_KUNIT_MAX_PINS; i++) {
		if (!fx->pins[i])
			continue;
		/* GUP warns if a page that it unpins is not exclusive. */
		SetPageAnonExclusive(fx->pins[i]);
		mm_kunit_unpin(test, fx->pins[i]);
	}
	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i])
			mm_kunit_exit_mm(test, fx->mms[i]);
	mm_kunit_put_files(test);
}

/**
 * struct dup_shape - how the pages of a table of rows are mapped
 * @level: by which function they are duplicated
 * @make: makes an mm that alone maps a new folio at MM_KUNIT_BASE
 * @at: which page of it the table is about
 */
struct dup_shape {
	enum mm_kunit_dup_level level;
	struct mm_struct *(*make)(struct kunit *test);
	int at;
};

static struct mm_kunit_dup make_dup(struct kunit *test,
				    const struct dup_shape *shape)
{
	struct mm_struct *mm = shape->make(test);
	struct mm_struct *other = mm_kunit_new_mm(test);
	struct mm_kunit_dup d = {
		.level = shape->level,
		.src = mm_kunit_vma(mm, MM_KUNIT_BASE),
		.at = shape->at,
		.nr = 1,
	};

	mm_kunit_mmap_anon(test, other, MM_KUNIT_BASE, PMD_SIZE);
	d.dst = mm_kunit_vma(other, MM_KUNIT_BASE);
	mm_kunit_dup_choose_pages(&d);
	return d;
}

static void dup_table(struct kunit *test, const struct dup_shape *shape)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dup_rows); i++) {
		const struct dup_row *row = &dup_rows[i];
		struct mm_kunit_dup d = make_dup(test, shape);
		bool pinned = row->mm_pinned && dup_counts_as_pinned(&d, row);

		dup_prepare(test, &d, row);
		mm_kunit_expect_dup(test, &d, row->name, pinned ? -EBUSY : 0);
		dup_end_row(test, &d);
	}
}

/*
 * Share the page by a fork() that does not know of the pin. The page is
 * duplicated for the child, as if that mapped it once more.
 */
static void dup_share_by_fork(struct kunit *test, struct mm_kunit_dup *d)
{
	struct mm_struct *mm = d->src->vm_mm;

	dup_set_has_pinned(mm, false);
	d->dst = mm_kunit_vma(mm_kunit_fork(test, mm), MM_KUNIT_BASE);
	KUNIT_ASSERT_FALSE(test, PageAnonExclusive(d->first + d->at));
}

/*
 * A page that is shared already may be shared with one more mm even if it is
 * pinned, see 6c287605fd56 above.
 */
static void dup_shared_table(struct kunit *test, const struct dup_shape *shape)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dup_rows); i++) {
		const struct dup_row *row = &dup_rows[i];
		struct mm_kunit_dup d = make_dup(test, shape);

		dup_prepare(test, &d, row);
		dup_share_by_fork(test, &d);
		dup_set_has_pinned(d.src->vm_mm, row->mm_pinned);
		mm_kunit_expect_dup(test, &d, row->name, 0);
		dup_end_row(test, &d);
	}
}

/* Only the folio is asked, whatever the mm says. */
static void share_table(struct kunit *test, const struct dup_shape *shape)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dup_rows); i++) {
		const struct dup_row *row = &dup_rows[i];
		struct mm_kunit_dup d = make_dup(test, shape);
		bool pinned = dup_counts_as_pinned(&d, row);

		dup_prepare(test, &d, row);
		mm_kunit_expect_share(test, &d, row->name, pinned ? -EBUSY : 0);
		dup_end_row(test, &d);
	}
}

static void needs_cow_table(struct kunit *test, const struct dup_shape *shape)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dup_rows); i++) {
		const struct dup_row *row = &dup_rows[i];
		struct mm_kunit_dup d = make_dup(test, shape);
		bool want = row->mm_pinned && dup_counts_as_pinned(&d, row);
		struct mm_kunit_dup_state before;
		bool ret;

		dup_prepare(test, &d, row);
		before = mm_kunit_dup_state(&d);
		mm_kunit_dup_lock(&d);
		ret = folio_needs_cow_for_dma(d.src, d.folio);
		mm_kunit_dup_unlock(&d);
		KUNIT_EXPECT_EQ_MSG(test, ret, want, "%s", row->name);
		mm_kunit_expect_dup_state(test, &d, row->name, before);
		dup_end_row(test, &d);
	}
}

static struct mm_struct *make_base(struct kunit *test)
{
	return mm_kunit_anon_mm(test, 1);
}

static struct mm_struct *make_pmd(struct kunit *test)
{
	return mm_kunit_thp_mm(test, 1);
}

static struct mm_struct *make_ptes(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_thp_mm(test, 1);

	mm_kunit_split_pmd(test, mm);
	return mm;
}

/* Map a huge page of a new hugetlb file, and write to it. */
static struct mm_struct *map_dup_hugetlb(struct kunit *test,
					 unsigned long flags)
{
	struct mm_struct *mm;

	if (!IS_ENABLED(CONFIG_HUGETLB_PAGE))
		kunit_skip(test, "hugetlb is compiled out");
	mm = mm_kunit_map_new(test, mm_kunit_hugetlb_file(test, PUD_SIZE),
			      MM_KUNIT_BASE, PUD_SIZE, RW, flags, 0);
	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(0));
	return mm;
}

static struct mm_struct *make_hugetlb(struct kunit *test)
{
	struct mm_struct *mm = map_dup_hugetlb(test, MAP_PRIVATE);
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);

	KUNIT_ASSERT_TRUE(test, folio_test_anon(page_folio(page)));
	return mm;
}

static const struct dup_shape base_shape = {
	.level = MM_KUNIT_DUP_PTE,
	.make = make_base,
};

static const struct dup_shape part_shape = {
	.level = MM_KUNIT_DUP_PTE,
	.make = make_ptes,
	.at = 5,
};

static const struct dup_shape pmd_shape = {
	.level = MM_KUNIT_DUP_PMD,
	.make = make_pmd,
};

static const struct dup_shape hugetlb_shape = {
	.level = MM_KUNIT_DUP_HUGETLB,
	.make = make_hugetlb,
};

static void dup_base_page(struct kunit *test)
{
	dup_table(test, &base_shape);
}

/*
 * 6c287605fd56 ("mm: remember exclusively mapped anonymous pages with
 * PG_anon_exclusive"): a page that is shared already is shared further, be it
 * pinned or not.
 */
static void dup_shared_base_page(struct kunit *test)
{
	dup_shared_table(test, &base_shape);
}

static void dup_page_of_large_folio(struct kunit *test)
{
	dup_table(test, &part_shape);
}

static void dup_shared_page_of_large_folio(struct kunit *test)
{
	dup_shared_table(test, &part_shape);
}

static void dup_pmd(struct kunit *test)
{
	dup_table(test, &pmd_shape);
}

static void dup_shared_pmd(struct kunit *test)
{
	dup_shared_table(test, &pmd_shape);
}

static void dup_hugetlb(struct kunit *test)
{
	dup_table(test, &hugetlb_shape);
}

static void dup_shared_hugetlb(struct kunit *test)
{
	dup_shared_table(test, &hugetlb_shape);
}

static void share_base_page(struct kunit *test)
{
	share_table(test, &base_shape);
}

static void share_page_of_large_folio(struct kunit *test)
{
	share_table(test, &part_shape);
}

static void share_pmd(struct kunit *test)
{
	share_table(test, &pmd_shape);
}

static void share_hugetlb(struct kunit *test)
{
	share_table(test, &hugetlb_shape);
}

static void needs_cow_of_base_page(struct kunit *test)
{
	needs_cow_table(test, &base_shape);
}

static void needs_cow_of_large_folio(struct kunit *test)
{
	needs_cow_table(test, &pmd_shape);
}

/**
 * struct batch_row - which pages of a batch are exclusive
 * @name: what is special
 * @exclusive: a bit for each page of it
 */
struct batch_row {
	const char *name;
	unsigned int exclusive;
};

static const struct batch_row batch_rows[] = {
	{ .name = "none", .exclusive = 0x0 },
	{ .name = "the first", .exclusive = 0x1 },
	{ .name = "one inside", .exclusive = 0x4 },
	{ .name = "the last", .exclusive = 0x8 },
	{ .name = "first and last", .exclusive = 0x9 },
	{ .name = "all", .exclusive = 0xf },
};

/* Take four pages of a large folio, between neighbours that are exclusive. */
static struct mm_kunit_dup make_batch(struct kunit *test,
				      const struct batch_row *row)
{
	static const struct dup_shape shape = {
		.level = MM_KUNIT_DUP_PTES,
		.make = make_ptes,
		.at = 2,
	};
	struct mm_kunit_dup d = make_dup(test, &shape);
	int i;

	d.nr = 4;
	/* A page that is not exclusive must not be writable. */
	mm_kunit_mprotect(d.src->vm_mm, MM_KUNIT_BASE, PMD_SIZE, PROT_READ);
	for (i = 0; i < d.nr; i++) {
		if (row->exclusive & BIT(i))
			SetPageAnonExclusive(d.first + d.at + i);
		else
			ClearPageAnonExclusive(d.first + d.at + i);
	}
	return d;
}

static void dup_batch(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(batch_rows); i++) {
		struct mm_kunit_dup d = make_batch(test, &batch_rows[i]);

		mm_kunit_expect_dup(test, &d, batch_rows[i].name, 0);
		dup_end_row(test, &d);
	}
}

/* If a batch is refused, no page of it may change, not even the first ones. */
static void dup_batch_of_pinned_folio(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(batch_rows); i++) {
		const struct batch_row *row = &batch_rows[i];
		struct mm_kunit_dup d = make_batch(test, row);

		mm_kunit_add_pins(d.folio, 1);
		dup_set_has_pinned(d.src->vm_mm, true);
		mm_kunit_expect_dup(test, &d, row->name,
				    row->exclusive ? -EBUSY : 0);
		mm_kunit_add_pins(d.folio, -1);
		dup_end_row(test, &d);
	}
}

/* A KSM page is never exclusive, so its pins do not matter. */
static void dup_ksm_page(struct kunit *test)
{
	struct mm_kunit_dup d = { .level = MM_KUNIT_DUP_PTE, .nr = 1 };
	struct mm_kunit_setting *ksm;
	struct mm_struct *mm[2];

	mm_kunit_ksm_merge(test, mm, &ksm);
	d.src = mm_kunit_vma(mm[0], MM_KUNIT_BASE);
	d.dst = mm_kunit_vma(mm[1], MM_KUNIT_BASE);
	mm_kunit_dup_choose_pages(&d);
	mm_kunit_expect_dup(test, &d, "alone", 0);
	mm_kunit_add_pins(d.folio, 1);
	dup_set_has_pinned(mm[0], true);
	mm_kunit_expect_dup(test, &d, "pinned", 0);
	mm_kunit_add_pins(d.folio, -1);
	mm_kunit_ksm_unmerge(test, ksm);
}

static struct mm_kunit_dup make_file_dup(struct kunit *test,
					 struct mm_struct *mm,
					 enum mm_kunit_dup_level level)
{
	struct mm_struct *other = mm_kunit_new_mm(test);
	struct mm_kunit_dup d = { .level = level, .nr = 1 };

	d.src = mm_kunit_vma(mm, MM_KUNIT_BASE);
	mm_kunit_mmap(test, other, d.src->vm_file, MM_KUNIT_BASE, PMD_SIZE, RW,
		      MAP_SHARED, 0);
	d.dst = mm_kunit_vma(other, MM_KUNIT_BASE);
	mm_kunit_dup_choose_pages(&d);
	return d;
}

static void dup_file_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_shmem_mm(test, 1);
	struct mm_kunit_dup d = make_file_dup(test, mm, MM_KUNIT_DUP_PTE);

	mm_kunit_expect_file_dup(test, &d);
	mm_kunit_undo_dup(&d);
}

/* Duplicate @nr pages of a folio that one mm maps by a PMD, the other by PTEs. */
static void dup_file_ptes(struct kunit *test, enum mm_kunit_dup_level level,
			  int at, int nr)
{
	struct mm_struct *mm[2];
	struct mm_kunit_dup d;

	mm_kunit_map_file_thp(test, mm, PMD_SIZE / 2);
	d = make_file_dup(test, mm[1], level);
	d.at = at;
	d.nr = nr;
	/* The kernel follows two mms, and these are they. */
	d.dst = mm_kunit_vma(mm[0], MM_KUNIT_BASE);
	mm_kunit_expect_file_dup(test, &d);
	mm_kunit_undo_dup(&d);
}

static void dup_page_of_large_file_folio(struct kunit *test)
{
	dup_file_ptes(test, MM_KUNIT_DUP_PTE, 3, 1);
}

static void dup_batch_of_large_file_folio(struct kunit *test)
{
	dup_file_ptes(test, MM_KUNIT_DUP_PTES, 2, 4);
}

/* Should PTEs be counted instead of the PMD, these are what is undone. */
static void dup_file_pmd(struct kunit *test)
{
	struct mm_kunit_dup d = { .level = MM_KUNIT_DUP_PMD, .nr = 1 };
	struct mm_struct *mm[2];
	int entire;

	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	d.src = mm_kunit_vma(mm[0], MM_KUNIT_BASE);
	d.dst = mm_kunit_vma(mm[1], MM_KUNIT_BASE);
	mm_kunit_dup_choose_pages(&d);
	entire = folio_entire_mapcount(d.folio);
	mm_kunit_expect_file_dup(test, &d);
	if (folio_entire_mapcount(d.folio) == entire) {
		d.level = MM_KUNIT_DUP_PTES;
		d.nr = folio_nr_pages(d.folio);
	}
	mm_kunit_undo_dup(&d);
}

static void dup_file_hugetlb(struct kunit *test)
{
	struct mm_struct *mm = map_dup_hugetlb(test, MAP_SHARED);
	struct mm_kunit_dup d = make_file_dup(test, mm, MM_KUNIT_DUP_HUGETLB);

	mm_kunit_expect_file_dup(test, &d);
	mm_kunit_undo_dup(&d);
}

/* What most others rest on comes first. */
static struct kunit_case rmap_dup_cases[] = {
	KUNIT_CASE(dup_base_page),
	KUNIT_CASE(dup_shared_base_page),
	KUNIT_CASE(share_base_page),
	KUNIT_CASE(needs_cow_of_base_page),
	KUNIT_CASE(dup_page_of_large_folio),
	KUNIT_CASE(dup_shared_page_of_large_folio),
	KUNIT_CASE(share_page_of_large_folio),
	KUNIT_CASE(needs_cow_of_large_folio),
	KUNIT_CASE(dup_batch),
	KUNIT_CASE(dup_batch_of_pinned_folio),
	KUNIT_CASE(dup_pmd),
	KUNIT_CASE(dup_shared_pmd),
	KUNIT_CASE(share_pmd),
	KUNIT_CASE(dup_hugetlb),
	KUNIT_CASE(dup_shared_hugetlb),
	KUNIT_CASE(share_hugetlb),
	KUNIT_CASE(dup_ksm_page),
	KUNIT_CASE(dup_file_page),
	KUNIT_CASE(dup_page_of_large_file_folio),
	KUNIT_CASE(dup_batch_of_large_file_folio),
	KUNIT_CASE(dup_file_pmd),
	KUNIT_CASE(dup_file_hugetlb),
	{}
};

static struct kunit_suite rmap_dup_suite = {
	.name = "rmap_dup",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = rmap_dup_cases,
};

kunit_test_suite(rmap_dup_suite);

MODULE_DESCRIPTION("KUnit tests for duplicating mappings");
MODULE_LICENSE("GPL");
