// SPDX-License-Identifier: GPL-2.0-only
/*
 * Photographs of page tables, see mm_kunit_photo.h.
 */
#include <linux/mm.h>

#include "mm_kunit_compat.h"
#include "mm_kunit_photo.h"
#include "mm_kunit_truth.h"

/* What is written in one place may be known in the other. */
static bool page_is_dirty(unsigned long pfn)
{
	return pfn_valid(pfn) && !is_zero_pfn(pfn) &&
	       mm_kunit_page_dirty(pfn_to_page(pfn));
}

static struct mm_kunit_entry decode_pte(pte_t pte, unsigned long addr)
{
	struct mm_kunit_entry entry = { .addr = addr, .size = PAGE_SIZE };

	if (pte_none(pte))
		return entry;
	if (!pte_present(pte)) {
		mm_kunit_decode_swap_pte(pte, &entry);
		return entry;
	}
	entry.kind = MM_KUNIT_PRESENT;
	entry.write = pte_write(pte);
	entry.pfn = pte_pfn(pte);
	entry.dirty = pte_dirty(pte) || page_is_dirty(entry.pfn);
	entry.soft_dirty = pte_soft_dirty(pte);
	entry.uffd = mm_kunit_pte_uffd(pte);
	return entry;
}

/* Of a PMD that does not point at a table of PTEs. */
static struct mm_kunit_entry decode_pmd(pmd_t pmd, unsigned long addr)
{
	struct mm_kunit_entry entry = {
		.addr = addr & PMD_MASK,
		.size = PMD_SIZE,
	};

	if (pmd_none(pmd))
		return entry;
	if (!pmd_present(pmd)) {
		mm_kunit_decode_swap_pte(__pte(pmd_val(pmd)), &entry);
		return entry;
	}
	entry.kind = MM_KUNIT_PRESENT;
	entry.write = pmd_write(pmd);
	entry.pfn = pmd_pfn(pmd);
	entry.dirty = mm_kunit_pmd_dirty(pmd) || page_is_dirty(entry.pfn);
	entry.soft_dirty = pmd_soft_dirty(pmd);
	entry.uffd = mm_kunit_pmd_uffd(pmd);
	return entry;
}

static bool is_table(pmd_t pmd)
{
	return pmd_present(pmd) && !pmd_leaf(pmd);
}

/**
 * mm_kunit_entry_at() - the last entry on the way to an address
 * @mm: the mm
 * @addr: the address
 */
struct mm_kunit_entry mm_kunit_entry_at(struct mm_struct *mm,
					unsigned long addr)
{
	pmd_t *pmd = mm_kunit_pmd(mm, addr);

	if (!pmd)
		return (struct mm_kunit_entry) { .addr = addr };
	if (!is_table(*pmd))
		return decode_pmd(*pmd, addr);
	return decode_pte(*pte_offset_kernel(pmd, addr), addr & PAGE_MASK);
}

/**
 * mm_kunit_page_at() - the page that an mm maps at an address
 * @mm: the mm
 * @addr: the address
 *
 * Return: the page, of a huge one the part that is mapped there, or NULL if no
 * page is present
 */
struct page *mm_kunit_page_at(struct mm_struct *mm, unsigned long addr)
{
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, addr);

	if (entry.kind != MM_KUNIT_PRESENT)
		return NULL;
	return pfn_to_page(entry.pfn + ((addr - entry.addr) >> PAGE_SHIFT));
}

/**
 * struct visit - a walk that looks at every entry that maps something
 * @walk: the walk
 * @entry: called for each of them
 */
struct visit {
	struct mm_kunit_walk walk;
	void (*entry)(struct visit *visit, struct mm_kunit_entry *entry);
};

static void visit_table(struct mm_kunit_walk *walk, enum mm_kunit_level level,
			void *table, unsigned long addr)
{
	struct visit *visit = container_of(walk, struct visit, walk);
	struct mm_kunit_entry entry;
	int i;

	if (level == MM_KUNIT_PMD_TABLE) {
		pmd_t *pmd = table;

		for (i = 0; i < PTRS_PER_PMD; i++, addr += PMD_SIZE) {
			if (pmd_none(pmd[i]) || is_table(pmd[i]))
				continue;
			entry = decode_pmd(pmd[i], addr);
			visit->entry(visit, &entry);
		}
	} else if (level == MM_KUNIT_PTE_TABLE) {
		pte_t *pte = table;

		for (i = 0; i < PTRS_PER_PTE; i++, addr += PAGE_SIZE) {
			if (pte_none(pte[i]))
				continue;
			entry = decode_pte(pte[i], addr);
			visit->entry(visit, &entry);
		}
	}
}

static void visit_entries(struct mm_struct *mm, struct visit *visit)
{
	visit->walk.table = visit_table;
	mm_kunit_walk(mm, 0, mm_kunit_user_end(mm), &visit->walk);
}

struct census_taking {
	struct visit visit;
	struct mm_kunit_census census;
	unsigned long pfn;
	unsigned long end;
};

static void take_entry(struct visit *visit, struct mm_kunit_entry *entry)
{
	struct census_taking *taking;
	unsigned long end = entry->pfn + (entry->size >> PAGE_SHIFT);

	taking = container_of(visit, struct census_taking, visit);
	if (end <= taking->pfn || entry->pfn >= taking->end)
		return;
	if (entry->kind == MM_KUNIT_MIGRATION)
		taking->census.migration++;
	else if (entry->kind == MM_KUNIT_POISON)
		taking->census.poison++;
	if (entry->kind != MM_KUNIT_PRESENT)
		return;
	if (entry->size == PAGE_SIZE)
		taking->census.ptes++;
	else
		taking->census.pmds++;
	if (entry->write)
		taking->census.writable++;
}

/**
 * mm_kunit_take_census() - count what maps a run of pages
 * @fx: the mms to look through, all their entries
 * @page: the first page
 * @nr: how many
 */
struct mm_kunit_census mm_kunit_take_census(struct mm_kunit *fx,
					    struct page *page,
					    unsigned long nr)
{
	struct census_taking taking = {
		.visit.entry = take_entry,
		.pfn = page_to_pfn(page),
		.end = page_to_pfn(page) + nr,
	};
	int i;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i])
			visit_entries(fx->mms[i], &taking.visit);
	return taking.census;
}

struct census_of_each {
	struct visit visit;
	struct mm_kunit_mapped *each;
	unsigned long pfn;
	unsigned long end;
	int slot;
};

static void take_entry_of_each(struct visit *visit,
			       struct mm_kunit_entry *entry)
{
	struct census_of_each *taking;
	unsigned long end = entry->pfn + (entry->size >> PAGE_SHIFT);
	unsigned long pfn;

	taking = container_of(visit, struct census_of_each, visit);
	if (entry->kind != MM_KUNIT_PRESENT)
		return;
	for (pfn = max(entry->pfn, taking->pfn);
	     pfn < min(end, taking->end); pfn++) {
		struct mm_kunit_mapped *page = &taking->each[pfn - taking->pfn];

		if (entry->size == PAGE_SIZE)
			page->ptes++;
		else
			page->pmds++;
		page->writable += entry->write;
		page->mms |= BIT(taking->slot);
	}
}

/**
 * mm_kunit_take_census_of_each() - see for each of a run of pages what maps it
 * @fx: the mms to look through, all their entries
 * @page: the first page
 * @nr: how many
 * @each: what maps them, @nr entries
 */
void mm_kunit_take_census_of_each(struct mm_kunit *fx, struct page *page,
				  unsigned long nr,
				  struct mm_kunit_mapped *each)
{
	struct census_of_each taking = {
		.visit.entry = take_entry_of_each,
		.each = each,
		.pfn = page_to_pfn(page),
		.end = page_to_pfn(page) + nr,
	};

	memset(each, 0, nr * sizeof(*each));
	for (; taking.slot < MM_KUNIT_MAX_MMS; taking.slot++)
		if (fx->mms[taking.slot])
			visit_entries(fx->mms[taking.slot], &taking.visit);
}

/* @entries is NULL while they are only counted. */
struct exposure {
	struct visit visit;
	struct mm_kunit_entry *entries;
	int nr;
};

static void expose_entry(struct visit *visit, struct mm_kunit_entry *entry)
{
	struct exposure *exposure = container_of(visit, struct exposure, visit);

	if (exposure->entries)
		exposure->entries[exposure->nr] = *entry;
	exposure->nr++;
}

static void expose_shared_tables(struct mm_kunit *fx, struct mm_struct *mm,
				 struct exposure *exposure)
{
	struct vm_area_struct *vma;
	unsigned long addr = 0;

	while ((vma = mm_kunit_vma(mm, addr))) {
		for (addr = vma->vm_start; addr < vma->vm_end;
		     addr = pud_addr_end(addr, vma->vm_end)) {
			struct page *table = mm_kunit_pmd_table(mm, addr);
			struct mm_kunit_entry entry = {
				.kind = MM_KUNIT_SHARED_TABLE,
				.addr = addr & PUD_MASK,
				.size = PUD_SIZE,
			};

			if (!table || mm_kunit_pmd_table_owners(fx, table) < 2)
				continue;
			entry.pfn = page_to_pfn(table);
			expose_entry(&exposure->visit, &entry);
		}
	}
}

static int expose(struct mm_kunit *fx, struct mm_struct *mm,
		  struct mm_kunit_entry *entries)
{
	struct exposure exposure = {
		.visit.entry = expose_entry,
		.entries = entries,
	};

	visit_entries(mm, &exposure.visit);
	expose_shared_tables(fx, mm, &exposure);
	return exposure.nr;
}

/**
 * mm_kunit_photograph() - keep what all mms map now
 * @test: the case, which owns the photo
 *
 * What the recorders were told so far is forgotten: what they will be told is
 * about changes to this photo.
 */
struct mm_kunit_photo *mm_kunit_photograph(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;
	struct mm_kunit_photo *photo;
	int i;

	photo = kunit_kzalloc(test, sizeof(*photo), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, photo);
	for (i = 0; i < MM_KUNIT_MAX_MMS; i++) {
		struct mm_struct *mm = fx->mms[i];
		int nr;

		if (!mm)
			continue;
		nr = expose(fx, mm, NULL);
		photo->entries[i] = kunit_kzalloc(test, (nr + 1) *
						  sizeof(*photo->entries[i]),
						  GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, photo->entries[i]);
		photo->mms[i] = mm;
		photo->nr[i] = expose(fx, mm, photo->entries[i]);
		if (fx->recorders[i])
			mm_kunit_forget(fx->recorders[i]);
	}
	return photo;
}

/* What stands now where an entry of a photo stood. */
static struct mm_kunit_entry now(struct mm_struct *mm,
				 struct mm_kunit_entry *old)
{
	struct mm_kunit_entry entry = *old;
	struct page *table;

	if (old->kind != MM_KUNIT_SHARED_TABLE)
		return mm_kunit_entry_at(mm, old->addr);
	table = mm_kunit_pmd_table(mm, old->addr);
	entry.pfn = table ? page_to_pfn(table) : 0;
	return entry;
}

/*
 * An entry must not lose what only it knows: that the page was written to,
 * written to since somebody looked, or is watched by userfaultfd. It may gain
 * the first two: a page is as dirty as any of its mappings has made it, and
 * who cannot follow soft-dirty says that all is. Whether it was accessed is
 * left out: a migration may say no, and any look at the page says yes.
 */
static bool same(struct mm_kunit_entry *old, struct mm_kunit_entry *new)
{
	return old->kind == new->kind && old->size == new->size &&
	       old->pfn == new->pfn && old->write == new->write &&
	       (!old->dirty || new->dirty) &&
	       (!old->soft_dirty || new->soft_dirty) && old->uffd == new->uffd;
}

#define complain(why, size, fmt, ...)					\
	({ snprintf(why, size, fmt, ##__VA_ARGS__); false; })

static bool is_same(int mm, struct mm_kunit_entry *old,
		    struct mm_kunit_entry *new, char *why, size_t size)
{
	if (same(old, new))
		return true;
	return complain(why, size,
			"mm %d maps %lx otherwise: kind %d not %d, pfn %lx not %lx, write %d not %d, dirty %d%d not %d%d, uffd %d not %d",
			mm, old->addr, new->kind, old->kind, new->pfn, old->pfn,
			new->write, old->write, new->dirty, new->soft_dirty,
			old->dirty, old->soft_dirty, new->uffd, old->uffd);
}

/* A translation that somebody may still hold, and that no longer stands. */
static bool must_be_told(struct mm_kunit_entry *old, struct mm_kunit_entry *new)
{
	if (old->kind != MM_KUNIT_PRESENT && old->kind != MM_KUNIT_SHARED_TABLE)
		return false;
	return old->kind != new->kind || old->size != new->size ||
	       old->pfn != new->pfn || (old->write && !new->write);
}

/* Which event ends what event @start has begun; -1 if none does. */
static int end_of(struct mm_kunit_recorder *rec, int start)
{
	int depth = 0, i;

	for (i = start; i < rec->nr; i++) {
		if (rec->event[i].kind == MM_KUNIT_START)
			depth++;
		else if (rec->event[i].kind == MM_KUNIT_END && !--depth)
			return i;
	}
	return -1;
}

static bool well_formed(struct mm_kunit_recorder *rec, char *why, size_t size)
{
	int starts = 0, ends = 0, i;

	if (rec->lost)
		return complain(why, size,
				"%d calls of notifiers are more than are kept",
				rec->nr + rec->lost);
	for (i = 0; i < rec->nr; i++) {
		struct mm_kunit_event *e = &rec->event[i];
		int end;

		if (e->kind == MM_KUNIT_END)
			ends++;
		if (e->kind != MM_KUNIT_START)
			continue;
		starts++;
		end = end_of(rec, i);
		if (end < 0)
			return complain(why, size, "start of %lx-%lx has no end",
					e->start, e->end);
		if (e->start != rec->event[end].start ||
		    e->end != rec->event[end].end)
			return complain(why, size,
					"start of %lx-%lx ends as %lx-%lx",
					e->start, e->end, rec->event[end].start,
					rec->event[end].end);
	}
	if (ends != starts)
		return complain(why, size, "%d ends of %d starts", ends, starts);
	return true;
}

static bool covers(struct mm_kunit_event *event, struct mm_kunit_entry *entry)
{
	return event->start <= entry->addr &&
	       event->end >= entry->addr + entry->size;
}

/*
 * A secondary TLB drops a whole translation if it is told of any part of it; a
 * table stands for all that is below it.
 */
static bool reaches(struct mm_kunit_event *event, struct mm_kunit_entry *entry)
{
	if (entry->kind == MM_KUNIT_SHARED_TABLE)
		return covers(event, entry);
	return event->start < entry->addr + entry->size &&
	       event->end > entry->addr;
}

static bool secondary_told(struct mm_kunit_recorder *rec, int start,
			   struct mm_kunit_entry *entry)
{
	int i;

	if (!IS_ENABLED(CONFIG_MM_KUNIT_SECONDARY_TLB))
		return true;
	for (i = start; i < rec->nr; i++)
		if (rec->event[i].kind == MM_KUNIT_SECONDARY &&
		    reaches(&rec->event[i], entry))
			return true;
	return false;
}

static bool told_of(struct mm_kunit_recorder *rec, struct mm_kunit_entry *old,
		    char *why, size_t size)
{
	int i;

	for (i = 0; i < rec->nr; i++)
		if (rec->event[i].kind == MM_KUNIT_START &&
		    covers(&rec->event[i], old))
			break;
	if (i == rec->nr)
		return complain(why, size,
				"%lx-%lx changed, which no notifier was told of",
				old->addr, old->addr + old->size);
	if (!secondary_told(rec, i, old))
		return complain(why, size,
				"%lx-%lx changed, which no secondary TLB was told of",
				old->addr, old->addr + old->size);
	return true;
}

/**
 * mm_kunit_told() - were the notifiers told of all that has changed
 * @fx: the mms now
 * @before: the mms before the change
 * @why: says what nobody was told of
 * @size: of @why, in bytes
 *
 * Of each mm that has a recorder: every start has its end, they nest, and each
 * translation that was taken away or write-protected lies within one of them.
 */
bool mm_kunit_told(struct mm_kunit *fx, struct mm_kunit_photo *before,
		   char *why, size_t size)
{
	int i, j;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++) {
		struct mm_struct *mm = before->mms[i];
		struct mm_kunit_recorder *rec = fx->recorders[i];

		if (!mm || mm != fx->mms[i] || !rec)
			continue;
		if (!well_formed(rec, why, size))
			return false;
		for (j = 0; j < before->nr[i]; j++) {
			struct mm_kunit_entry *old = &before->entries[i][j];
			struct mm_kunit_entry new = now(mm, old);

			if (must_be_told(old, &new) &&
			    !told_of(rec, old, why, size))
				return false;
		}
	}
	return true;
}

/**
 * mm_kunit_kept() - is everything mapped as before but for some pages
 * @fx: the mms now
 * @before: the mms before the change
 * @page: the first page that may be mapped otherwise
 * @nr: how many such pages there are
 * @why: says what is mapped otherwise
 * @size: of @why, in bytes
 *
 * Not for mms that share PMD tables, where a page goes with its table.
 */
bool mm_kunit_kept(struct mm_kunit *fx, struct mm_kunit_photo *before,
		   struct page *page, unsigned long nr, char *why, size_t size)
{
	unsigned long pfn = page_to_pfn(page);
	int i, j;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++) {
		if (before->mms[i] && before->mms[i] != fx->mms[i])
			return complain(why, size, "mm %d is gone", i);
		for (j = 0; j < before->nr[i]; j++) {
			struct mm_kunit_entry *old = &before->entries[i][j];
			struct mm_kunit_entry new = now(before->mms[i], old);

			if (old->pfn >= pfn && old->pfn < pfn + nr)
				continue;
			if (!is_same(i, old, &new, why, size))
				return false;
		}
	}
	return true;
}

/**
 * mm_kunit_same() - is everything mapped as before, and nothing else
 * @fx: the mms now
 * @before: the mms before
 * @why: says what is mapped otherwise
 * @size: of @why, in bytes
 */
bool mm_kunit_same(struct mm_kunit *fx, struct mm_kunit_photo *before,
		   char *why, size_t size)
{
	int i, j, nr;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++) {
		if (!before->mms[i])
			continue;
		if (before->mms[i] != fx->mms[i])
			return complain(why, size, "mm %d is gone", i);
		for (j = 0; j < before->nr[i]; j++) {
			struct mm_kunit_entry *old = &before->entries[i][j];
			struct mm_kunit_entry new = now(before->mms[i], old);

			if (!is_same(i, old, &new, why, size))
				return false;
		}
		nr = expose(fx, before->mms[i], NULL);
		if (nr != before->nr[i])
			return complain(why, size, "mm %d has %d entries, not %d",
					i, nr, before->nr[i]);
	}
	return true;
}

/**
 * mm_kunit_expect_told() - mm_kunit_told(), or the case fails
 * @test: the case
 * @before: the mms before the change
 */
void mm_kunit_expect_told(struct kunit *test, struct mm_kunit_photo *before)
{
	char why[MM_KUNIT_WHY] = "";

	KUNIT_EXPECT_TRUE_MSG(test, mm_kunit_told(test->priv, before, why,
						  sizeof(why)), "%s", why);
}

/**
 * mm_kunit_expect_kept() - mm_kunit_kept(), or the case fails
 * @test: the case
 * @before: the mms before the change
 * @page: the first page that may be mapped otherwise
 * @nr: how many such pages there are
 */
void mm_kunit_expect_kept(struct kunit *test, struct mm_kunit_photo *before,
			  struct page *page, unsigned long nr)
{
	char why[MM_KUNIT_WHY] = "";

	KUNIT_EXPECT_TRUE_MSG(test, mm_kunit_kept(test->priv, before, page, nr,
						  why, sizeof(why)), "%s", why);
}

/**
 * mm_kunit_expect_same() - mm_kunit_same(), or the case fails
 * @test: the case
 * @before: the mms before
 */
void mm_kunit_expect_same(struct kunit *test, struct mm_kunit_photo *before)
{
	char why[MM_KUNIT_WHY] = "";

	KUNIT_EXPECT_TRUE_MSG(test, mm_kunit_same(test->priv, before, why,
						  sizeof(why)), "%s", why);
}
