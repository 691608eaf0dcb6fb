/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_MIGRATE_H
#define _MM_KUNIT_COMPAT_MIGRATE_H

#include <linux/migrate.h>

#ifndef CONFIG_MM_KUNIT_HAS_NEW_FOLIO
#define mm_kunit_new_folio(fn)	((new_page_t *)(fn))
#else
#define mm_kunit_new_folio(fn)	(fn)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_MIGRATE_SUCCEEDED
#define migrate_pages(from, new, put, private, mode, reason, succeeded)	\
	migrate_pages(from, mm_kunit_new_folio(new), put, private, mode,	\
		      reason)
#elif !defined(CONFIG_MM_KUNIT_HAS_NEW_FOLIO)
#define migrate_pages(from, new, put, private, mode, reason, succeeded)	\
	migrate_pages(from, mm_kunit_new_folio(new), put, private, mode,	\
		      reason, succeeded)
#endif

/* The page that a driver migrates to is locked, and said so. */
#ifdef MIGRATE_PFN_LOCKED
#define migrate_pfn(pfn)	(migrate_pfn(pfn) | MIGRATE_PFN_LOCKED)
#endif

#endif /* _MM_KUNIT_COMPAT_MIGRATE_H */
