// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device with memory of its own, see device.h.
 *
 * It is plugged in once and stays: a case that fails leaks its mm, and with it
 * pages of the device, for which an unplugging would wait for ever. For the
 * same reason no page of it is used twice. Of what a page holds, the device
 * keeps the first word.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/ioport.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "device.h"
#include "fixture.h"
#include "process.h"
#include "thp.h"

#define DEVICE_SIZE (32UL << 20)

/* The device keeps a page that is freed. */
#ifndef mm_kunit_device_free_op
static void mm_kunit_device_free(struct folio *folio)
{
}

#define mm_kunit_device_free_op .folio_free = mm_kunit_device_free
#endif

static vm_fault_t mm_kunit_device_fault(struct vm_fault *vmf);

static const struct dev_pagemap_ops mm_kunit_device_ops = {
	mm_kunit_device_free_op,
	.migrate_to_ram = mm_kunit_device_fault,
};

/**
 * struct mm_kunit_device - the device
 * @pagemap: its memory
 * @plugged: it was plugged in, or that was tried in vain
 * @error: why in vain
 * @first: the first pfn of its memory
 * @used: how many pages of it were used so far
 * @content: the first word of each page
 */
static struct mm_kunit_device {
	struct dev_pagemap pagemap;
	bool plugged;
	int error;
	unsigned long first;
	unsigned long used;
	u64 *content;
} mm_kunit_device;

static int mm_kunit_try_to_plug(struct mm_kunit_device *dev)
{
	struct resource *res;
	void *ret;

	dev->content = vcalloc(DEVICE_SIZE / PAGE_SIZE, sizeof(u64));
	if (!dev->content)
		return -ENOMEM;
	res = request_free_mem_region(&iomem_resource, DEVICE_SIZE, "mm_kunit");
	if (IS_ERR(res))
		return PTR_ERR(res);
	dev->pagemap.type = MEMORY_DEVICE_PRIVATE;
	dev->pagemap.range.start = res->start;
	dev->pagemap.range.end = res->start + DEVICE_SIZE - 1;
	dev->pagemap.nr_range = 1;
	dev->pagemap.ops = &mm_kunit_device_ops;
	dev->pagemap.owner = dev;
	dev->first = PHYS_PFN(res->start);
	ret = memremap_pages(&dev->pagemap, numa_node_id());
	return PTR_ERR_OR_ZERO(ret);
}

/**
 * mm_kunit_plug_device() - plug the device in, the first time
 *
 * To be called before mm_kunit_init(): the kernel's page tables grow.
 */
void mm_kunit_plug_device(void)
{
	struct mm_kunit_device *dev = &mm_kunit_device;

	if (!dev->plugged)
		dev->error = mm_kunit_try_to_plug(dev);
	dev->plugged = true;
}

/* A new page, or huge page, of the device: locked, with one reference. */
static struct page *mm_kunit_device_page(unsigned int order)
{
	struct mm_kunit_device *dev = &mm_kunit_device;
	unsigned long at = ALIGN(dev->used, 1UL << order);
	struct page *page;

	if (at + (1UL << order) > DEVICE_SIZE / PAGE_SIZE)
		return NULL;
	dev->used = at + (1UL << order);
	page = pfn_to_page(dev->first + at);
	zone_device_folio_init(page_folio(page), &dev->pagemap, order);
	return page;
}

static u64 *mm_kunit_content_of(unsigned long pfn)
{
	return &mm_kunit_device.content[pfn - mm_kunit_device.first];
}

static void mm_kunit_copy_to_device(struct page *to, struct page *from, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		u64 *word = kmap_local_page(from + i);

		*mm_kunit_content_of(page_to_pfn(to) + i) = *word;
		kunmap_local(word);
	}
}

/* A page of memory, locked, that holds what @from of the device does. */
static struct page *mm_kunit_copy_from_device(struct page *from,
					      unsigned int order)
{
	struct folio *folio =
		folio_alloc(GFP_HIGHUSER_MOVABLE | __GFP_ZERO, order);
	int i;

	if (!folio)
		return NULL;
	folio_lock(folio);
	for (i = 0; i < 1 << order; i++) {
		u64 *word = kmap_local_page(folio_page(folio, i));

		*word = *mm_kunit_content_of(page_to_pfn(from) + i);
		kunmap_local(word);
	}
	return folio_page(folio, 0);
}

static vm_fault_t mm_kunit_migrate_from_device(struct migrate_vma *args,
					       unsigned int order)
{
	struct page *page;

	if (migrate_vma_setup(args))
		return VM_FAULT_SIGBUS;
	if (args->src[0] & MIGRATE_PFN_MIGRATE) {
		page = migrate_pfn_to_page(args->src[0]);
		page = mm_kunit_copy_from_device(page, order);
		if (page)
			args->dst[0] = migrate_pfn(page_to_pfn(page)) |
				       (args->src[0] & MIGRATE_PFN_WRITE) |
				       (args->src[0] & MIGRATE_PFN_COMPOUND);
	}
	migrate_vma_pages(args);
	migrate_vma_finalize(args);
	return args->src[0] & MIGRATE_PFN_MIGRATE ? 0 : VM_FAULT_SIGBUS;
}

/* A CPU touches what is in the device. */
static vm_fault_t mm_kunit_device_fault(struct vm_fault *vmf)
{
	unsigned int order = folio_order(page_folio(vmf->page));
	unsigned long size = PAGE_SIZE << order;
	struct migrate_vma args = {
		.vma = vmf->vma,
		.start = ALIGN_DOWN(vmf->address, size),
		.end = ALIGN_DOWN(vmf->address, size) + size,
		.src = kcalloc(2 << order, sizeof(long), GFP_KERNEL),
		.pgmap_owner = &mm_kunit_device,
		.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE |
			 (order ? MIGRATE_VMA_SELECT_COMPOUND : 0),
		.fault_page = vmf->page,
	};
	vm_fault_t ret;

	if (!args.src)
		return VM_FAULT_OOM;
	args.dst = args.src + (1 << order);
	ret = mm_kunit_migrate_from_device(&args, order);
	kfree(args.src);
	return ret;
}

static void mm_kunit_require_device(struct kunit *test)
{
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_device.error, 0,
			    "the device cannot be plugged in");
}

static struct page *
mm_kunit_migrate_to_device(struct kunit *test, struct mm_struct *mm,
			   unsigned long addr, unsigned int order,
			   unsigned long select, unsigned long compound)
{
	unsigned long nr = 1UL << order;
	struct migrate_vma args = {
		.start = addr,
		.end = addr + (PAGE_SIZE << order),
		.src = kunit_kcalloc(test, nr, sizeof(long), GFP_KERNEL),
		.dst = kunit_kcalloc(test, nr, sizeof(long), GFP_KERNEL),
		.pgmap_owner = &mm_kunit_device,
		.flags = MIGRATE_VMA_SELECT_SYSTEM | select,
	};
	struct page *page = NULL;
	bool moved;
	int ret;

	mm_kunit_require_device(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, args.src);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, args.dst);
	lru_add_drain_all();
	mmap_read_lock(mm);
	args.vma = find_vma(mm, addr);
	ret = migrate_vma_setup(&args);
	if (!ret && (args.src[0] & MIGRATE_PFN_MIGRATE))
		page = mm_kunit_device_page(order);
	if (page) {
		mm_kunit_copy_to_device(page, migrate_pfn_to_page(args.src[0]),
					nr);
		args.dst[0] = migrate_pfn(page_to_pfn(page)) | compound |
			      (args.src[0] & MIGRATE_PFN_WRITE);
	}
	if (!ret) {
		migrate_vma_pages(&args);
		migrate_vma_finalize(&args);
	}
	mmap_read_unlock(mm);
	moved = page && (args.src[0] & MIGRATE_PFN_MIGRATE);
	KUNIT_ASSERT_TRUE_MSG(test, moved, "%lx did not move to the device",
			      addr);
	return page;
}

/**
 * mm_kunit_move_to_device() - have an anonymous page in the device
 * @test: the case
 * @mm: an mm that maps it
 * @addr: where
 *
 * Return: the device's page
 */
struct page *mm_kunit_move_to_device(struct kunit *test, struct mm_struct *mm,
				     unsigned long addr)
{
	return mm_kunit_migrate_to_device(test, mm, addr, 0, 0, 0);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
/**
 * mm_kunit_move_thp_to_device() - have a huge page in the device as a whole
 * @test: the case
 * @mm: an mm that maps it by a PMD
 * @addr: where
 *
 * Return: the device's folio
 */
struct folio *mm_kunit_move_thp_to_device(struct kunit *test,
					  struct mm_struct *mm,
					  unsigned long addr)
{
	struct page *page;

	page = mm_kunit_migrate_to_device(test, mm, addr, HPAGE_PMD_ORDER,
					  MIGRATE_VMA_SELECT_COMPOUND,
					  MIGRATE_PFN_COMPOUND);
	return page_folio(page);
}
#endif
