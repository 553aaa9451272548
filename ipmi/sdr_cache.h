/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/sdr_cache.h - the records of a BMC in a file, so that they are read
 * from it once only: reading them takes hundreds of requests.
 *
 * DIR/GUID.sdr, mode 0600; numbers with the lowest byte first:
 *	0	"ironsdr\n"		8
 *	8	version, 1		2
 *	10	records			2
 *	12	their bytes		4
 *	16	GUID			16
 *	32	Get Device ID		15
 *	47	version of the SDRs	1
 *	48	records of the BMC	2
 *	50	skipped			2
 *	52	last addition, erasure	8
 *	60	the records
 *	...	CRC-32 of all before	4
 *
 * Any file that does not fit (another BMC's, other records, torn, of a newer
 * version) is as good as none.
 */
#ifndef IPMI_SDR_CACHE_H
#define IPMI_SDR_CACHE_H

#include "common/err.h"
#include "ipmi/sdr.h"

enum {
	SDR_CACHE_HEADER = 60,
	SDR_CACHE_MAX = SDR_CACHE_HEADER + SDR_RECORDS_MAX * SDR_RECORD_MAX + 4
};

/*
 * Whose the records are.  The device is part of it because there are boards
 * that all have the same GUID, and firmware that changes the records but not
 * their time.  All zero where the BMC does not tell.
 */
struct sdr_key {
	uint8_t guid[16], device[15];
	struct sdr_info info;
};

bool sdr_key_equal(const struct sdr_key *a, const struct sdr_key *b);
bool sdr_key_has_guid(const struct sdr_key *key); /* else: no file */

/* False: there is none that fits. */
bool sdr_cache_load(const char *dir, const struct sdr_key *key,
		    struct sdr_records *ret_records);
/* Makes the folder, too.  Does not wait for the disk. */
int sdr_cache_save(const char *dir, const struct sdr_key *key,
		   const struct sdr_records *records, struct err *err);

/* Pure.  The caller frees what is returned. */
uint8_t *sdr_cache_encode(const struct sdr_key *key,
			  const struct sdr_records *records, size_t *ret_len);
bool sdr_cache_decode(const uint8_t *bytes, size_t len,
		      const struct sdr_key *key,
		      struct sdr_records *ret_records);

#endif
