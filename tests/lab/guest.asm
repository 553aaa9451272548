; SPDX-License-Identifier: Apache-2.0
; The smallest guest: a boot sector that proves from outside that it runs.
;
; Its disk, in sectors of 512 bytes:
;   0          this code
;   1          boot counter (dword)
;   2          command, written from outside: 'P' panic, 'O' power off
;   64 + 8*R   ring of 8 sectors of the instance with token R (0..65535)
;
; The token is (boot counter & 255) << 8 | 8 bits of the time stamp counter,
; chosen anew at each boot.  Because the ring's place on the disk IS the
; token, the storage server's log of offsets alone tells the instances apart.
; About 18 times a second (timer tick) it writes (magic, token, sequence).

	bits 16
	org 0x7c00

RING	equ 64
BUF	equ 0x8000		; one sector, data
PM_STS	equ 0x600		; PIIX4 ACPI: event status, enable, control
PM_EN	equ 0x602
PM_CTL	equ 0x604
PANIC	equ 0x505		; pvpanic, ISA

start:
	xor ax, ax
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov sp, 0x7c00
	cld
	mov [drive], dl
	mov al, 0xff		; the ACPI interrupt stays masked: we poll
	out 0xa1, al
	mov dx, PM_EN
	mov ax, 0x0100		; let the power button show in PM_STS
	out dx, ax
	sti

	mov eax, 1		; count this boot
	call read
	inc dword [BUF]
	mov ebx, [BUF]
	mov eax, 1
	call write

	rdtsc			; token = counter << 8 | noise
	mov ecx, eax
	shr ecx, 8
	xor al, cl
	shr ecx, 8
	xor al, cl
	mov ah, bl
	movzx eax, ax
	mov [token], eax

	mov di, BUF		; sector: magic, token, sequence, zeros
	mov cx, 256
	xor ax, ax
	rep stosw

loop:
	mov dword [BUF], 0x44524849	; "IHRD"
	mov eax, [token]
	mov [BUF + 4], eax
	mov ebx, [sequence]
	mov [BUF + 8], ebx
	inc dword [sequence]
	shl eax, 3
	and ebx, 7
	lea eax, [eax + ebx + RING]
	call write

	mov dx, PM_STS		; power button?
	in ax, dx
	test ah, 1
	jnz off
	test byte [sequence], 7	; look for a command now and then
	jnz rest
	mov eax, 2
	call read
	mov bl, [BUF]
	test bl, bl
	jz rest
	mov dword [BUF], 0	; taken: the next boot must not obey it again
	mov eax, 2
	call write
	cmp bl, 'O'
	je off
	cmp bl, 'P'
	jne rest
	mov dx, PANIC
	mov al, 1
	out dx, al
rest:
	hlt
	jmp loop

off:
	mov dx, PM_CTL		; S5 with SLP_EN
	mov ax, 0x2000
	out dx, ax
	jmp rest

; eax = sector.  Only one sector at a time, always at BUF; an error is not
; retried: the next tick writes again.
read:
	mov byte [action], 0x42
	jmp transfer
write:
	mov byte [action], 0x43
transfer:
	pushad
	mov [lba], eax
	mov si, packet
	mov ah, [action]
	mov al, 0
	mov dl, [drive]
	int 0x13
	popad
	ret

packet:
	db 16, 0
	dw 1			; sectors
	dw BUF, 0		; offset, segment
lba:
	dd 0, 0
drive:
	db 0
action:
	db 0
token:
	dd 0
sequence:
	dd 0

	times 510 - ($ - $$) db 0
	dw 0xaa55
