/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever somebody sends in the name of a BMC: the first four bytes are the
 * trap's specific number, the rest its octets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipmi/pet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pet pet, again;
	int32_t specific;

	if (len < sizeof(specific))
		return 0;
	memcpy(&specific, data, sizeof(specific));
	len -= sizeof(specific);
	/* Of its exact size, so that a byte too many is noticed. */
	uint8_t *octets = malloc(len);
	if (octets == NULL)
		return 0;
	memcpy(octets, data + sizeof(specific), len);
	if (pet_parse(specific, octets, len, &pet)) {
		if (len < PET_LEN || pet.event.offset > 15 || pet.time_s < -1 ||
		    memchr(pet.text, '\0', sizeof(pet.text)) == NULL ||
		    pet.text[0] == '\0')
			abort();
		if (!pet_parse(specific, octets, len, &again) ||
		    !pet_is_same(&pet, &again))
			abort();
	}
	free(octets);
	return 0;
}
