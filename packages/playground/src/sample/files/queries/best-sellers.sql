-- Open data/bakery.db, and paste this into its console.
SELECT product.name,
       sum(sale.count)                                  AS sold,
       printf('%.2f', sum(sale.count * product.price) / 100.0) AS euros
  FROM sale
  JOIN product ON product.id = sale.product
 GROUP BY product.id
 ORDER BY sum(sale.count * product.price) DESC;
