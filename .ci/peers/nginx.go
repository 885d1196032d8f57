package main

import (
	"net"
	"os"
	"time"
)

// nginx is one worker on the first core that answers two bytes and a cookie.
func (l *lab) nginx() (url string, stop func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	address := listener.Addr().String()
	listener.Close()
	work := l.work
	config := l.file("nginx.conf", `daemon off; worker_processes 1; pid `+work+`/nginx.pid; error_log /dev/null; events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path `+work+`/a; proxy_temp_path `+work+`/b; fastcgi_temp_path `+work+`/c;
uwsgi_temp_path `+work+`/d; scgi_temp_path `+work+`/e;
server { listen `+address+` backlog=4096; location / { add_header Set-Cookie "mark=b1; Path=/"; add_header X-Instance b1; return 200 "ok"; } } }`)
	cmd := start("nginx", "-c", config)
	check(cmd.Start())
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "http://" + address + "/", func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
}
