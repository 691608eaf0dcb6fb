// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases that a tree older than the newest cannot run.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

/**
 * struct mm_kunit_lack - what a tree may lack
 * @lacks: whether this tree lacks it
 * @reason: what it is
 * @cases: the cases that need it, NULL behind the last
 */
struct mm_kunit_lack {
	bool lacks;
	const char *reason;
	const char *const *cases;
};

static const char *const needs_madv_collapse[] = {
	"migrate_takes_half_of_thp_behind_another_thp",
	"migrate_takes_half_of_thp_behind_a_pmd_entry",
	"collapse_of_file_keeps_its_content",
	"collapse_of_file_tells",
	"collapse_of_mapping_tells",
	"private_vma_keeps_its_table",
	"collapse_spares_page_in_use",
	"failed_collapse_flushes_first",
	"madv_collapse_collapses_private_dev_zero",
	"dirty_page_survives_open_for_writing",
	NULL
};

static const char *const needs_retraction_by_rcu[] = {
	"retracted_table_waits_for_reader",
	NULL
};

static const char *const needs_unshare_all_pmds[] = {
	"unshare_all_takes_out_every_pud",
	NULL
};

static const char *const needs_hugetlb_vma_lock[] = {
	"joining_without_vma_lock_never_shares",
	"owner_without_vma_lock_never_shares",
	"want_pmd_share_asks_for_a_vma_lock",
	"hugetlb_of_locked_vma_stays",
	"hwpoison_of_hugetlb_of_locked_vma_waits",
	NULL
};

static const char *const needs_want_pmd_share[] = {
	"userfaultfd_vma_never_shares",
	"want_pmd_share_asks_for_whole_shared_puds",
	"want_pmd_share_without_sharing_refuses",
	NULL
};

static const char *const needs_move_hugetlb[] = {
	"mremap_leaves_old_place_and_joins_anew",
	"move_of_part_notifies_of_whole_pud",
	"mremap_over_hole_keeps_offset",
	"mremap_over_shared_table_keeps_offset",
	"mremap_of_gigabytes_moves_last_page",
	"write_without_free_page_finds_it_where_child_moved_it",
	NULL
};

static const char *const needs_dontneed_hugetlb[] = {
	"dontneed_of_part_takes_mm_out",
	"dontneed_of_part_notifies_of_whole_pud",
	"dontneed_of_page_that_child_maps_returns_no_promise",
	"dontneed_of_own_page_keeps_a_page_promised",
	NULL
};

static const char *const needs_fork_of_sharers[] = {
	"fork_into_third_vmas_table_maps_nothing",
	NULL
};

static const char *const needs_change_protection_flags[] = {
	"fork_of_uffd_wp_vma_copies_uffd_wp_bits",
	NULL
};

static const char *const needs_unshare_tlb[] = {
	"only_last_sharer_owes_an_ipi",
	"unshare_owes_flush_of_whole_pud",
	NULL
};

static const char *const needs_anon_exclusive[] = {
	"migrate_refuses_pinned_page",
	"migrate_refuses_pinned_thp",
	"migrate_refuses_pinned_private_hugetlb",
	"dup_base_page",
	"dup_shared_base_page",
	"share_base_page",
	"dup_page_of_large_folio",
	"dup_shared_page_of_large_folio",
	"share_page_of_large_folio",
	"needs_cow_of_large_folio",
	"dup_pmd",
	"dup_shared_pmd",
	"share_pmd",
	"dup_hugetlb",
	"dup_shared_hugetlb",
	"share_hugetlb",
	"dup_ksm_page",
	"write_reuses_exclusive_page_with_a_reference",
	"reading_pin_after_fork_gets_own_page",
	"reading_pin_after_childs_exit_keeps_page",
	"write_reuses_page_back_from_swap",
	"write_copies_thp_with_a_reference",
	"write_reuses_exclusive_thp_with_a_reference",
	"reading_pin_of_thp_after_fork_gets_own_page",
	NULL
};

static const char *const needs_needs_cow_for_dma[] = {
	"needs_cow_of_base_page",
	NULL
};

static const char *const needs_folio_dup[] = {
	"dup_batch",
	"dup_batch_of_pinned_folio",
	"dup_batch_of_large_file_folio",
	"dup_file_pmd",
	NULL
};

static const char *const needs_unmap_poisoned[] = {
	"unmap_of_poisoned_folio_leaves_hwpoison_entries",
	NULL
};

static const char *const needs_split_to_order[] = {
	"split_in_part_frees_what_is_behind_the_end",
	NULL
};

static const char *const needs_folio_alloc[] = {
	"file_thp_stays_one_entry_when_it_migrates",
	"thp_in_swap_cache_keeps_its_slots_when_it_migrates",
	"thp_is_queued_for_split_before_mapped_again",
	"new_folio_of_migration_belongs_to_nothing_else",
	NULL
};

static const char *const needs_batched_unmap[] = {
	"unmap_counts_page_behind_batch_once",
	NULL
};

static const char *const needs_move_anon_rmap[] = {
	"reuse_moves_page_to_own_anon_vma",
	"reuse_moves_thp_to_own_anon_vma",
	NULL
};

static const char *const needs_thp_orders[] = {
	"counts_of_mthp",
	"counts_of_mthp_in_eight_mms",
	NULL
};

static const char *const needs_likely_mapped_shared[] = {
	"folio_is_unshared_again_when_one_mm_is_left",
	NULL
};

static const char *const needs_maybe_mapped_shared[] = {
	"folio_is_shared_though_no_page_is_mapped_twice",
	NULL
};

static const char *const needs_reuse_large[] = {
	"write_reuses_page_of_thp_after_childs_exit",
	NULL
};

static const char *const needs_whole_pages[] = {
	"table_has_a_page_to_itself",
	"table_waits_for_rcu",
	"deferred_table_waits_for_rcu",
	NULL
};

/* Without the fix it reads what is no table, and crashes before it can be seen. */
static const char *const needs_failing_pte_map[] = {
	"copy_refuses_place_of_migrating_thp",
	NULL
};

static const char *const needs_pte_free_defer[] = {
	"mm_goes_before_its_deferred_table",
	"deferred_table_touches_no_dead_mm",
	NULL
};

static const struct mm_kunit_lack mm_kunit_lacks[] = {
	{
		.cases = needs_madv_collapse,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_MADV_COLLAPSE),
		.reason = "the tree has no MADV_COLLAPSE",
	},
	{
		.cases = needs_retraction_by_rcu,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_PTE_FREE_DEFER),
		.reason = "the tree has no generic pte_free_defer()",
	},
	{
		.cases = needs_unshare_all_pmds,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_UNSHARE_ALL_PMDS),
		.reason = "the tree has no hugetlb_unshare_all_pmds()",
	},
	{
		.cases = needs_hugetlb_vma_lock,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_HUGETLB_VMA_LOCK),
		.reason = "the tree has no lock of hugetlb VMAs",
	},
	{
		.cases = needs_want_pmd_share,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_WANT_PMD_SHARE),
		.reason = "the tree has no want_pmd_share()",
	},
	{
		.cases = needs_move_hugetlb,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_MOVE_HUGETLB),
		.reason = "mremap() of the tree does not move hugetlb mappings",
	},
	{
		.cases = needs_dontneed_hugetlb,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_DONTNEED_HUGETLB),
		.reason = "MADV_DONTNEED of the tree does not take hugetlb mappings",
	},
	{
		.cases = needs_fork_of_sharers,
		.lacks = IS_ENABLED(CONFIG_MM_KUNIT_HAS_FORK_REFUSES_SHARERS),
		.reason = "the tree does not copy the tables of a VMA that may share",
	},
	{
		.cases = needs_change_protection_flags,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_CHANGE_PROTECTION_FLAGS),
		.reason = "the tree cannot write-protect huge pages by userfaultfd",
	},
	{
		.cases = needs_unshare_tlb,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_UNSHARE_TLB),
		.reason = "huge_pmd_unshare() of the tree takes no mmu_gather",
	},
	{
		.cases = needs_anon_exclusive,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_ANON_EXCLUSIVE),
		.reason = "the tree has no PageAnonExclusive()",
	},
	{
		.cases = needs_needs_cow_for_dma,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_NEEDS_COW_FOR_DMA),
		.reason = "the tree has no page_needs_cow_for_dma()",
	},
	{
		.cases = needs_folio_dup,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_FOLIO_DUP),
		.reason = "the tree does not duplicate mappings in batches",
	},
	{
		.cases = needs_unmap_poisoned,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_UNMAP_POISONED),
		.reason = "the tree has no unmap_poisoned_folio()",
	},
	{
		.cases = needs_split_to_order,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_SPLIT_SHMEM_TO_ORDER),
		.reason = "the tree splits a file's folio into base pages only",
	},
	{
		.cases = needs_folio_alloc,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_FOLIO_ALLOC),
		.reason = "the tree has no folio_alloc(), to migrate to",
	},
	{
		.cases = needs_batched_unmap,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_MAKE_EXCLUSIVE),
		.reason = "the tree unmaps page by page",
	},
	{
		.cases = needs_move_anon_rmap,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_MOVE_ANON_RMAP),
		.reason = "the tree does not move a reused page to another anon_vma",
	},
	{
		.cases = needs_thp_orders,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_THP_ORDERS),
		.reason = "the tree has no mTHPs",
	},
	{
		.cases = needs_likely_mapped_shared,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_LIKELY_MAPPED_SHARED) &&
			 !IS_ENABLED(CONFIG_MM_KUNIT_HAS_MAYBE_MAPPED_SHARED),
		.reason = "the tree has no folio_likely_mapped_shared()",
	},
	{
		.cases = needs_maybe_mapped_shared,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_MAYBE_MAPPED_SHARED),
		.reason = "the tree has no folio_maybe_mapped_shared()",
	},
	{
		.cases = needs_reuse_large,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_REUSE_LARGE),
		.reason = "a write fault of the tree does not reuse pages of a large folio",
	},
	{
		.cases = needs_whole_pages,
		.lacks = IS_ENABLED(CONFIG_MM_KUNIT_PT_FRAGMENTS),
		.reason = "two page tables share a page",
	},
	{
		.cases = needs_failing_pte_map,
		.lacks = !IS_ENABLED(CONFIG_MM_KUNIT_HAS_FAILING_PTE_MAP),
		.reason = "the tree takes any PMD that is not huge for a page table",
	},
	{
		.cases = needs_pte_free_defer,
		.lacks = IS_ENABLED(CONFIG_MM_KUNIT_PT_FRAGMENTS) &&
			 !IS_ENABLED(CONFIG_MM_KUNIT_PT_FRAGMENTS_DEFER),
		.reason = "the tree has no pte_free_defer()",
	},
};

static bool mm_kunit_is_listed(const char *const *cases, const char *name)
{
	for (; *cases; cases++)
		if (!strcmp(*cases, name))
			return true;
	return false;
}

/**
 * mm_kunit_compat_init() - skip a case that this tree cannot run
 * @test: the case
 */
void mm_kunit_compat_init(struct kunit *test)
{
	const struct mm_kunit_lack *lack = mm_kunit_lacks;
	int i;

	for (i = 0; i < ARRAY_SIZE(mm_kunit_lacks); i++, lack++)
		if (lack->lacks && mm_kunit_is_listed(lack->cases, test->name))
			kunit_skip(test, "%s", lack->reason);
}
