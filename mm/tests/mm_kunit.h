/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fixture of the mm suites: real mms, VMAs and hugetlb files, and the verbs
 * that a user process would use on them.
 *
 * A verb that takes @test asserts that it worked: it is setup. One that takes
 * only an mm returns what the kernel said, for the case to judge.
 */
#ifndef _MM_KUNIT_H
#define _MM_KUNIT_H

#include <kunit/test.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/spinlock.h>

#define MM_KUNIT_MAX_MMS	8
#define MM_KUNIT_MAX_FILES	4
#define MM_KUNIT_MAX_EVENTS	2048
#define MM_KUNIT_MAX_PINS	8

/* Where mm_kunit_use_user_page() has its page. */
#define MM_KUNIT_USER_PAGE	PUD_SIZE

/**
 * struct mm_kunit_counts - what a case must leave as it found it
 * @pagetables: page-table pages of the machine, but for the kernel's own
 * @huge_pages: huge pages of the default size
 * @resv_huge_pages: those of them that are promised
 */
struct mm_kunit_counts {
	long pagetables;
	long huge_pages;
	long resv_huge_pages;
};

struct mm_kunit_recorder;
struct mm_kunit_setting;
struct page;

/**
 * struct mm_kunit - one case's mms and files
 * @mms: the mms, NULL where one has exited
 * @files: the files
 * @recorders: the recorders of @mms, NULL where there is none
 * @pins: pages that a device holds, NULL where none is
 * @nr_files: used entries of @files
 * @overcommit: limit of surplus huge pages that stood before
 * @before: counts at the start of the case
 *
 * It is @test->priv between mm_kunit_init() and mm_kunit_exit().
 */
struct mm_kunit {
	struct mm_struct *mms[MM_KUNIT_MAX_MMS];
	struct file *files[MM_KUNIT_MAX_FILES];
	struct mm_kunit_recorder *recorders[MM_KUNIT_MAX_MMS];
	struct page *pins[MM_KUNIT_MAX_PINS];
	int nr_files;
	unsigned long overcommit;
	struct mm_kunit_counts before;
};

/**
 * enum mm_kunit_event_kind - what an mmu notifier was told
 * @MM_KUNIT_START: invalidate_range_start()
 * @MM_KUNIT_END: invalidate_range_end()
 * @MM_KUNIT_SECONDARY: invalidate_range(), arch_invalidate_secondary_tlbs()
 *	since 6.6
 */
enum mm_kunit_event_kind {
	MM_KUNIT_START,
	MM_KUNIT_END,
	MM_KUNIT_SECONDARY,
};

/**
 * struct mm_kunit_event - one call of an mmu notifier
 * @kind: which call
 * @start: first address that it is about
 * @end: first address behind that
 * @may_sleep: could it have slept; always if the kernel does not count that
 * @pfn: what was mapped at the watched address, 0 if nothing was present
 * @tlb_gen: TLB flushes that the mm had asked for, where the arch counts
 */
struct mm_kunit_event {
	enum mm_kunit_event_kind kind;
	unsigned long start;
	unsigned long end;
	bool may_sleep;
	unsigned long pfn;
	u64 tlb_gen;
};

/**
 * struct mm_kunit_recorder - mmu notifiers that write down what they are told
 * @range: the notifier that is told of ranges
 * @secondary: the one that stands for a secondary TLB; since 6.6 one notifier
 *	may not be both
 * @watch: an address to look at whenever the notifiers are called
 * @lock: protects the rest; callbacks may come in atomic context
 * @nr: how many events are kept
 * @lost: how many came when there was no room any more
 * @event: the events, oldest first
 */
struct mm_kunit_recorder {
	struct mmu_notifier range;
	struct mmu_notifier secondary;
	unsigned long watch;
	spinlock_t lock;	/* protects what follows */
	int nr;
	int lost;
	struct mm_kunit_event event[MM_KUNIT_MAX_EVENTS];
};

int mm_kunit_init(struct kunit *test);
void mm_kunit_exit(struct kunit *test);

struct mm_struct *mm_kunit_new_mm(struct kunit *test);
struct mm_struct *mm_kunit_fork(struct kunit *test, struct mm_struct *mm);
int mm_kunit_fork_and_exit(struct mm_struct *mm);
struct mm_struct *mm_kunit_fork_failing(struct kunit *test,
					struct mm_struct *mm, int nth,
					bool *failed);
void mm_kunit_exit_mm(struct kunit *test, struct mm_struct *mm);
struct file *mm_kunit_hugetlb_file(struct kunit *test, unsigned long size);
struct file *mm_kunit_shmem_file(struct kunit *test, unsigned long size);
void mm_kunit_put_files(struct kunit *test);

int mm_kunit_in_thread(int (*fn)(void *arg), void *arg);
struct mm_struct *mm_kunit_use_user_page(void);
void mm_kunit_unuse_user_page(struct mm_struct *mm);
struct mm_kunit_setting *mm_kunit_set(struct kunit *test, const char *fs,
				      const char *path, const char *value);
int mm_kunit_change(struct mm_kunit_setting *setting, const char *value);
void mm_kunit_put_back(struct kunit *test, struct mm_kunit_setting *setting);

void mm_kunit_mmap(struct kunit *test, struct mm_struct *mm, struct file *file,
		   unsigned long addr, unsigned long len, unsigned long prot,
		   unsigned long flags, unsigned long offset);
struct mm_struct *mm_kunit_map_new(struct kunit *test, struct file *file,
				   unsigned long addr, unsigned long len,
				   unsigned long prot, unsigned long flags,
				   unsigned long offset);
void mm_kunit_mmap_anon(struct kunit *test, struct mm_struct *mm,
			unsigned long addr, unsigned long len);
struct vm_area_struct *mm_kunit_vma(struct mm_struct *mm, unsigned long addr);

long mm_kunit_munmap(struct mm_struct *mm, unsigned long addr,
		     unsigned long len);
long mm_kunit_mprotect(struct mm_struct *mm, unsigned long addr,
		       unsigned long len, unsigned long prot);
long mm_kunit_mremap(struct mm_struct *mm, unsigned long from,
		     unsigned long len, unsigned long to);
long mm_kunit_madvise(struct mm_struct *mm, unsigned long addr,
		      unsigned long len, int behavior);
long mm_kunit_punch_hole(struct file *file, loff_t offset, loff_t len);
int mm_kunit_store(struct mm_struct *mm, unsigned long addr, u64 value);
int mm_kunit_load(struct mm_struct *mm, unsigned long addr, u64 *value);
void mm_kunit_write(struct kunit *test, struct mm_struct *mm,
		    unsigned long addr, u64 value);
u64 mm_kunit_read(struct kunit *test, struct mm_struct *mm, unsigned long addr);

void mm_kunit_read_for(int ms);
void mm_kunit_expect_freed(struct kunit *test, struct page *page, const char *what);

struct page *mm_kunit_pin(struct kunit *test, struct mm_struct *mm,
			  unsigned long addr, unsigned int gup_flags);
void mm_kunit_unpin(struct kunit *test, struct page *page);

struct mm_kunit_recorder *mm_kunit_record(struct kunit *test,
					  struct mm_struct *mm);
void mm_kunit_forget(struct mm_kunit_recorder *rec);
bool mm_kunit_was_told(struct mm_kunit_recorder *rec,
		       enum mm_kunit_event_kind kind,
		       unsigned long start, unsigned long end);

#endif /* _MM_KUNIT_H */
