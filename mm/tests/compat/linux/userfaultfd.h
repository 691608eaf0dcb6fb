/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_USERFAULTFD_H
#define _MM_KUNIT_COMPAT_USERFAULTFD_H

#include <linux/userfaultfd.h>

/* A tree that does not know a feature says so when it is asked for it. */
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM	0x1000
#endif

#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED	0x2000
#endif

#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC		0x8000
#endif

#ifndef UFFD_FEATURE_MOVE
#define UFFD_FEATURE_MOVE		0x10000
#endif

#ifndef UFFD_FEATURE_RWP
#define UFFD_FEATURE_RWP		0x20000
#define UFFDIO_REGISTER_MODE_RWP	((__u64)1 << 3)
#define UFFDIO_RWPROTECT_MODE_RWP	((__u64)1 << 0)

struct uffdio_rwprotect {
	struct uffdio_range range;
	__u64 mode;
};

#define UFFDIO_RWPROTECT	_IOWR(UFFDIO, 0x09, struct uffdio_rwprotect)
#endif

#ifndef UFFDIO_MOVE
struct uffdio_move {
	__u64 dst;
	__u64 src;
	__u64 len;
	__u64 mode;
	__s64 move;
};

#define UFFDIO_MOVE	_IOWR(UFFDIO, 0x05, struct uffdio_move)
#define UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES	((__u64)1 << 1)
#endif

#ifndef UFFD_FEATURE_MINOR_HUGETLBFS
#define UFFD_FEATURE_MINOR_HUGETLBFS	0x200
#define UFFDIO_REGISTER_MODE_MINOR	((__u64)1 << 2)

struct uffdio_continue {
	struct uffdio_range range;
	__u64 mode;
	__s64 mapped;
};

#define UFFDIO_CONTINUE	_IOWR(UFFDIO, 0x07, struct uffdio_continue)
#endif

#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC		0x8000
#endif

#ifndef CONFIG_MM_KUNIT_HAS_FOLIO
#define mm_kunit_anon_index(folio)	((folio)->page.index)
#endif

#endif /* _MM_KUNIT_COMPAT_USERFAULTFD_H */
