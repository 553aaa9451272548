// SPDX-License-Identifier: Apache-2.0
//
// The same round with gosnmp, sessions kept: a walk in lexical order of each
// agent, 100 at once.  Prints one JSON object; the first round, in which keys
// are made and engines are asked for, is not counted.
//
//	gosnmp_peer COUNT BASE PORT ROUNDS OID
package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gosnmp/gosnmp"
)

const atOnce = 100

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func open(base uint32, n int, port int) *gosnmp.GoSNMP {
	address := make(net.IP, 4)
	binary.BigEndian.PutUint32(address, base+uint32(n))
	session := &gosnmp.GoSNMP{
		Target:         address.String(),
		Port:           uint16(port),
		Version:        gosnmp.Version3,
		Timeout:        5 * time.Second,
		Retries:        1,
		MaxRepetitions: 50,
		SecurityModel:  gosnmp.UserSecurityModel,
		MsgFlags:       gosnmp.AuthPriv,
		SecurityParameters: &gosnmp.UsmSecurityParameters{
			UserName:                 "bench",
			AuthenticationProtocol:   gosnmp.SHA256,
			AuthenticationPassphrase: "bench-auth-password",
			PrivacyProtocol:          gosnmp.AES,
			PrivacyPassphrase:        "bench-priv-password",
		},
	}
	if err := session.Connect(); err != nil {
		panic(err)
	}
	return session
}

// Returns how many values came.
func round(sessions []*gosnmp.GoSNMP, root string) int {
	var group sync.WaitGroup
	var lock sync.Mutex
	places := make(chan bool, atOnce)
	values := 0
	for _, session := range sessions {
		group.Add(1)
		places <- true
		go func(session *gosnmp.GoSNMP) {
			defer group.Done()
			all, err := session.BulkWalkAll(root)
			if err != nil {
				panic(err)
			}
			lock.Lock()
			values += len(all)
			lock.Unlock()
			<-places
		}(session)
	}
	group.Wait()
	return values
}

func main() {
	count, port := number(os.Args[1]), number(os.Args[3])
	base := binary.BigEndian.Uint32(net.ParseIP(os.Args[2]).To4())
	rounds, root := number(os.Args[4]), os.Args[5]
	sessions := make([]*gosnmp.GoSNMP, count)
	for i := range sessions {
		sessions[i] = open(base, i, port)
	}
	round(sessions, root)
	before, begin, values := cpu(), time.Now(), 0
	for i := 0; i < rounds; i++ {
		values = round(sessions, root)
	}
	fmt.Printf("{\"cpu_s\": %.4f, \"wall_ms\": %.1f, \"values\": %d}\n",
		(cpu()-before)/float64(rounds),
		time.Since(begin).Seconds()*1e3/float64(rounds), values)
}
