// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often pages are mapped, see mappings.h.
 */
#include <linux/mm.h>

#include "entry.h"
#include "fixture.h"
#include "mappings.h"

struct mm_kunit_counting {
	struct mm_kunit_visit visit;
	struct mm_kunit_mappings mappings;
	unsigned long pfn;
	unsigned long end;
};

static void mm_kunit_count_entry(struct mm_kunit_visit *visit,
				 struct mm_kunit_entry *entry)
{
	struct mm_kunit_counting *counting;
	unsigned long end = entry->pfn + (entry->size >> PAGE_SHIFT);

	counting = container_of(visit, struct mm_kunit_counting, visit);
	if (end <= counting->pfn || entry->pfn >= counting->end)
		return;
	if (entry->kind == MM_KUNIT_MIGRATION)
		counting->mappings.migration++;
	else if (entry->kind == MM_KUNIT_HWPOISON)
		counting->mappings.hwpoison++;
	if (entry->kind != MM_KUNIT_PRESENT)
		return;
	if (entry->size == PAGE_SIZE)
		counting->mappings.ptes++;
	else
		counting->mappings.pmds++;
	if (entry->write)
		counting->mappings.writable++;
}

/**
 * mm_kunit_count_mappings() - count what maps a run of pages
 * @fx: the mms to look through, all their entries
 * @page: the first page
 * @nr: how many
 */
struct mm_kunit_mappings mm_kunit_count_mappings(struct mm_kunit *fx,
						 struct page *page,
						 unsigned long nr)
{
	struct mm_kunit_counting counting = {
		.visit.entry = mm_kunit_count_entry,
		.pfn = page_to_pfn(page),
		.end = page_to_pfn(page) + nr,
	};
	int i;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i])
			mm_kunit_visit_entries(fx->mms[i], &counting.visit);
	return counting.mappings;
}

struct mm_kunit_counting_each {
	struct mm_kunit_visit visit;
	struct mm_kunit_page_mappings *each;
	unsigned long pfn;
	unsigned long end;
	int slot;
};

static void mm_kunit_count_entry_each(struct mm_kunit_visit *visit,
				      struct mm_kunit_entry *entry)
{
	struct mm_kunit_counting_each *counting;
	unsigned long end = entry->pfn + (entry->size >> PAGE_SHIFT);
	unsigned long pfn;

	counting = container_of(visit, struct mm_kunit_counting_each, visit);
	if (entry->kind != MM_KUNIT_PRESENT)
		return;
	for (pfn = max(entry->pfn, counting->pfn);
	     pfn < min(end, counting->end); pfn++) {
		struct mm_kunit_page_mappings *page =
			&counting->each[pfn - counting->pfn];

		if (entry->size == PAGE_SIZE)
			page->ptes++;
		else
			page->pmds++;
		page->writable += entry->write;
		page->mms |= BIT(counting->slot);
	}
}

/**
 * mm_kunit_count_each_page() - see for each of a run of pages what maps it
 * @fx: the mms to look through, all their entries
 * @page: the first page
 * @nr: how many
 * @each: what maps them, @nr entries
 */
void mm_kunit_count_each_page(struct mm_kunit *fx, struct page *page,
			      unsigned long nr,
			      struct mm_kunit_page_mappings *each)
{
	struct mm_kunit_counting_each counting = {
		.visit.entry = mm_kunit_count_entry_each,
		.each = each,
		.pfn = page_to_pfn(page),
		.end = page_to_pfn(page) + nr,
	};

	memset(each, 0, nr * sizeof(*each));
	for (; counting.slot < MM_KUNIT_MAX_MMS; counting.slot++)
		if (fx->mms[counting.slot])
			mm_kunit_visit_entries(fx->mms[counting.slot],
					       &counting.visit);
}
