/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_MEMREMAP_H
#define _MM_KUNIT_COMPAT_MEMREMAP_H

#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/rmap.h>

#ifdef CONFIG_MM_KUNIT_DEVICE

#ifndef CONFIG_MM_KUNIT_HAS_DEVICE_FOLIO_FREE
static inline void mm_kunit_device_free(struct page *page)
{
}

#define mm_kunit_device_free_op .page_free = mm_kunit_device_free
#endif

/* It has had three forms; until 6.19 a page of a device is never a large one. */
#if defined(CONFIG_MM_KUNIT_HAS_DEVICE_PAGE_INIT_PGMAP)
#elif defined(CONFIG_MM_KUNIT_HAS_DEVICE_PAGE_INIT_ORDER)
#define zone_device_folio_init(folio, pgmap, order) \
	({ (void)(pgmap); zone_device_folio_init(folio, order); })
#else
#define zone_device_folio_init(folio, pgmap, order)		\
	({ (void)(pgmap); (void)(order);			\
	   zone_device_page_init(folio_page(folio, 0)); })
#endif

#ifndef CONFIG_MM_KUNIT_HAS_DEVICE_THP
#define MIGRATE_VMA_SELECT_COMPOUND	0
#define MIGRATE_PFN_COMPOUND		0
#endif

/* Until 6.15 it takes a range. */
#ifndef CONFIG_MM_KUNIT_HAS_MAKE_EXCLUSIVE
static inline struct page *
mm_kunit_make_device_exclusive(struct mm_struct *mm, unsigned long addr,
			       void *owner, struct folio **foliop)
{
	struct page *page = NULL;
	int ret;

	ret = make_device_exclusive_range(mm, addr, addr + PAGE_SIZE, &page,
					  owner);
	if (ret < 0 || !page)
		return ERR_PTR(ret < 0 ? ret : -EBUSY);
	*foliop = page_folio(page);
	return page;
}

#define make_device_exclusive(mm, addr, owner, foliop) \
	mm_kunit_make_device_exclusive(mm, addr, owner, foliop)
#endif

#endif /* CONFIG_MM_KUNIT_DEVICE */

#endif /* _MM_KUNIT_COMPAT_MEMREMAP_H */
