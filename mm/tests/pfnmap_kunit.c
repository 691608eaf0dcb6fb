// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of pfns that are no memory of anybody: fork() and munmap() of them,
 * and what x86 knows of their memory type meanwhile.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>
#ifdef CONFIG_X86_PAT
#include <asm/memtype.h>
#endif

#include "lib/fixture.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/settings.h"

#define BASE MM_KUNIT_BASE
#define RW (PROT_READ | PROT_WRITE)
#define NR 2

/**
 * struct pfnmap_device - what a file maps
 * @pfn: its first pfn
 * @uncached: whether it is mapped as the registers of a device are
 */
struct pfnmap_device {
	unsigned long pfn;
	bool uncached;
};

static int pfnmap_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct pfnmap_device *dev = file->private_data;
	pgprot_t prot = vma->vm_page_prot;

	if (dev->uncached)
		prot = pgprot_noncached(prot);
	return remap_pfn_range(vma, vma->vm_start, dev->pfn,
			       vma->vm_end - vma->vm_start, prot);
}

static const struct file_operations pfnmap_fops = {
	.mmap = pfnmap_mmap,
};

static struct mm_struct *pfnmap_mm(struct kunit *test, unsigned long pfn,
				   bool uncached, unsigned long flags)
{
	struct pfnmap_device *dev;
	struct file *file;

	dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	dev->pfn = pfn;
	dev->uncached = uncached;
	file = anon_inode_getfile("[mm_kunit]", &pfnmap_fops, dev, O_RDWR);
	mm_kunit_own_file(test, file);
	return mm_kunit_map_new(test, file, BASE, NR * PAGE_SIZE, RW, flags, 0);
}

static void pfnmap_free(void *ctx)
{
	__free_pages(ctx, ilog2(NR));
}

/* Pages of the kernel's, each with its content. */
static struct page *pfnmap_pages(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL, ilog2(NR));
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, pfnmap_free, page), 0);
	for (i = 0; i < NR; i++)
		*(u64 *)page_address(page + i) = mm_kunit_content(i);
	return page;
}

/*
 * fork() of a private mapping that was written to may be refused, if the kernel
 * would have to know the memory type of what it copied.
 */
static void pfnmap_expect_fork(struct kunit *test, struct mm_struct *mm)
{
	int ret = mm_kunit_fork_and_exit(mm);

	KUNIT_EXPECT_TRUE_MSG(test, !ret || ret == -EINVAL || ret == -ENOMEM,
			      "fork: %d", ret);
}

static void fork_of_shared_pfn_mapping_maps_same_pages(struct kunit *test)
{
	struct page *page = pfnmap_pages(test);
	struct mm_struct *mm, *child;

	mm = pfnmap_mm(test, page_to_pfn(page), false, MAP_SHARED);
	mm_kunit_expect_pages(test, mm, NR);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_pages(test, child, NR);
	mm_kunit_write(test, child, BASE, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, BASE), 1ULL);
	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(page), 1ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_munmap(mm, BASE, NR * PAGE_SIZE), 0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, BASE), 1ULL);
}

/*
 * 04c35ab3bdae ("x86/mm/pat: fix VM_PAT handling in COW mappings"): the first
 * page of a private mapping was a copy, fork() and munmap() asked the page table
 * for the pfn that stood there before, and warned.
 */
static void fork_and_munmap_of_written_pfn_mapping(struct kunit *test)
{
	struct page *page = pfnmap_pages(test);
	struct mm_struct *mm;

	mm = pfnmap_mm(test, page_to_pfn(page), false, MAP_PRIVATE);
	mm_kunit_write(test, mm, BASE, 1);
	pfnmap_expect_fork(test, mm);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, BASE), 1ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(1)),
			mm_kunit_content(1));
	KUNIT_EXPECT_EQ(test, mm_kunit_munmap(mm, BASE, NR * PAGE_SIZE), 0L);
	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(page), mm_kunit_content(0));
}

static void fork_of_unwritten_private_pfn_mapping(struct kunit *test)
{
	struct page *page = pfnmap_pages(test);
	struct mm_struct *mm, *child;

	mm = pfnmap_mm(test, page_to_pfn(page), false, MAP_PRIVATE);
	mm_kunit_expect_pages(test, mm, NR);
	child = mm_kunit_fork(test, mm);
	mm_kunit_write(test, child, BASE, 1);
	mm_kunit_expect_pages(test, mm, NR);
	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(page), mm_kunit_content(0));
}

#ifdef CONFIG_X86_PAT

/* A place between memory and the registers of QEMU's machines. */
#define HOLE 0xd0000000UL

static unsigned long pfnmap_hole(struct kunit *test)
{
	unsigned long pfn = PHYS_PFN(HOLE);

	if (!pat_enabled())
		kunit_skip(test, "the processor has no memory types");
	if (pfn_valid(pfn) || page_is_ram(pfn))
		kunit_skip(test, "there is memory at %lx", HOLE);
	return pfn;
}

/* Whether the memory type of @nr pfns is fixed, because they are mapped. */
static bool pfnmap_type_is_fixed(unsigned long pfn, int nr)
{
	u64 start = PFN_PHYS(pfn), end = PFN_PHYS(pfn + nr);

	if (memtype_reserve(start, end, _PAGE_CACHE_MODE_WC, NULL))
		return true;
	memtype_free(start, end);
	return false;
}

#else

static unsigned long pfnmap_hole(struct kunit *test)
{
	kunit_skip(test, "the kernel keeps no account of memory types");
	return 0;
}

static bool pfnmap_type_is_fixed(unsigned long pfn, int nr)
{
	return true;
}

#endif

/* The type is fixed while the mm maps the hole, and free when nobody does. */
static void pfnmap_expect_type(struct kunit *test, struct mm_struct *mm,
			       unsigned long pfn)
{
	KUNIT_EXPECT_TRUE(test, pfnmap_type_is_fixed(pfn, NR));
	KUNIT_EXPECT_EQ(test, mm_kunit_munmap(mm, BASE, NR * PAGE_SIZE), 0L);
	KUNIT_EXPECT_FALSE(test, pfnmap_type_is_fixed(pfn, NR));
}

static void memory_type_is_fixed_while_mapped(struct kunit *test)
{
	unsigned long pfn = pfnmap_hole(test);
	struct mm_struct *mm, *child;

	KUNIT_ASSERT_FALSE(test, pfnmap_type_is_fixed(pfn, NR));
	mm = pfnmap_mm(test, pfn, true, MAP_SHARED);
	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_EQ(test, mm_kunit_munmap(mm, BASE, NR * PAGE_SIZE), 0L);
	pfnmap_expect_type(test, child, pfn);
}

/* 04c35ab3bdae once more: whether fork() worked or not, it takes nothing. */
static void fork_of_written_pfn_mapping_keeps_memory_type(struct kunit *test)
{
	unsigned long pfn = pfnmap_hole(test);
	struct mm_struct *mm = pfnmap_mm(test, pfn, true, MAP_PRIVATE);

	mm_kunit_write(test, mm, BASE, 1);
	pfnmap_expect_fork(test, mm);
	pfnmap_expect_type(test, mm, pfn);
}

/*
 * dc84bc2aba85 ("x86/mm/pat: Fix VM_PAT handling when fork() fails in
 * copy_page_range()"): the child of a fork that failed gave back what it had
 * never taken, or kept what it had.
 */
static void pfnmap_fork_fails(struct kunit *test, unsigned long flags)
{
	unsigned long pfn = pfnmap_hole(test);
	struct mm_struct *mm, *child = NULL;
	bool failed = true;
	int i;

	mm_kunit_inject_failures(test);
	mm = pfnmap_mm(test, pfn, true, flags);
	for (i = 0; failed && i < 400 && !mm_kunit_failed(test); i++) {
		child = mm_kunit_fork_failing(test, mm, i / 2 + 1, &failed);
		if (child)
			mm_kunit_exit_mm(test, child);
		KUNIT_EXPECT_TRUE_MSG(test, pfnmap_type_is_fixed(pfn, NR),
				      "allocation %d", i / 2 + 1);
	}
	KUNIT_EXPECT_FALSE(test, failed);
	pfnmap_expect_type(test, mm, pfn);
}

static void failed_fork_keeps_type_of_shared_pfn_mapping(struct kunit *test)
{
	pfnmap_fork_fails(test, MAP_SHARED);
}

static void failed_fork_keeps_type_of_private_pfn_mapping(struct kunit *test)
{
	pfnmap_fork_fails(test, MAP_PRIVATE);
}

static struct kunit_case pfnmap_cases[] = {
	KUNIT_CASE(fork_of_shared_pfn_mapping_maps_same_pages),
	KUNIT_CASE(fork_of_unwritten_private_pfn_mapping),
	KUNIT_CASE(memory_type_is_fixed_while_mapped),
	KUNIT_CASE(fork_of_written_pfn_mapping_keeps_memory_type),
	KUNIT_CASE(failed_fork_keeps_type_of_private_pfn_mapping),
	KUNIT_CASE(failed_fork_keeps_type_of_shared_pfn_mapping),
	KUNIT_CASE(fork_and_munmap_of_written_pfn_mapping),
	{}
};

static struct kunit_suite pfnmap_suite = {
	.name = "pfnmap",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = pfnmap_cases,
};

kunit_test_suite(pfnmap_suite);

MODULE_DESCRIPTION("KUnit tests for mappings of pfns");
MODULE_LICENSE("GPL");
